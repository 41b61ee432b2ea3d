namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>Places the nodes of a <see cref="PieceTrie"/>: each family of siblings goes where all its places are free.</summary>
internal sealed class PieceTrieBuilder
{
    // Bases are never negative: the root stands alone below the first place that a child may take.
    private const int FirstPlace = 256;

    // How far past the first free place to look for a fit before taking fresh space; the holes are filled by only children.
    private const int SearchLimit = 512;

    private PieceTrie.Node[] _nodes = [];
    private int[] _ids = [];
    private int _firstFree = FirstPlace;
    private int _end = FirstPlace;

    /// <summary>The nodes, and the id of the piece that ends at each.</summary>
    public (PieceTrie.Node[] Nodes, int[] Ids) Build(IEnumerable<PieceTrie.Entry> pieces)
    {
        var sorted = pieces.ToArray();
        Array.Sort(sorted, static (a, b) => a.Utf8.AsSpan().SequenceCompareTo(b.Utf8));

        Reserve(FirstPlace);
        var open = new Stack<Family>([new(PieceTrie.Root, 0, sorted.Length, 0)]);
        while (open.TryPop(out var family))
        {
            Place(family, sorted, open);
        }

        return (_nodes[..(_end + 256)], _ids[..(_end + 256)]);
    }

    /// <summary>A node and the pieces below it: those of a range share their first <see cref="Depth"/> bytes.</summary>
    private readonly record struct Family(int Node, int Start, int End, int Depth);

    private void Place(Family family, PieceTrie.Entry[] sorted, Stack<Family> open)
    {
        var (node, start, end, depth) = family;
        while (start < end && sorted[start].Utf8.Length == depth)
        {
            _nodes[node].Score = sorted[start].Score;
            _ids[node] = sorted[start++].Id;
        }

        if (start == end)
        {
            return;
        }

        var children = ChildRanges(sorted, start, end, depth);
        var @base = FindBase(children);
        _nodes[node].Base = @base;
        foreach (var (label, first, last) in children)
        {
            Take(@base + label, node);
            open.Push(new(@base + label, first, last, depth + 1));
        }
    }

    private static List<(byte Label, int Start, int End)> ChildRanges(PieceTrie.Entry[] sorted, int start, int end, int depth)
    {
        var ranges = new List<(byte, int, int)>();
        for (var next = start; start < end; start = next)
        {
            var label = sorted[start].Utf8[depth];
            while (next < end && sorted[next].Utf8[depth] == label)
            {
                next++;
            }

            ranges.Add((label, start, next));
        }

        return ranges;
    }

    private int FindBase(List<(byte Label, int Start, int End)> children)
    {
        var first = children[0].Label;
        var limit = Math.Min(_firstFree + SearchLimit, _end);
        for (var place = _firstFree; place < limit; place++)
        {
            if (children.TrueForAll(child => IsFree(place - first + child.Label)))
            {
                return place - first;
            }
        }

        return _end - first;
    }

    private bool IsFree(int place) => place >= _end || _nodes[place].Parent < 0;

    private void Take(int place, int parent)
    {
        _end = Math.Max(_end, place + 1);
        Reserve(_end);
        _nodes[place].Parent = parent;
        while (_firstFree < _end && _nodes[_firstFree].Parent >= 0)
        {
            _firstFree++;
        }
    }

    /// <summary>Makes room for places below <paramref name="end"/>, and for the 256 empty ones that follow the last base.</summary>
    private void Reserve(int end)
    {
        var used = _nodes.Length;
        if (end + 256 <= used)
        {
            return;
        }

        Array.Resize(ref _nodes, Math.Max(used * 2, end + 1024));
        Array.Resize(ref _ids, _nodes.Length);
        _nodes.AsSpan(used).Fill(new() { Parent = -1, Score = PieceTrie.NoPiece });
    }
}
