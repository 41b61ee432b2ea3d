using System.Buffers;

namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>
/// Segments normalised text into the pieces whose scores sum highest (Viterbi). Sums are kept in single precision, compared
/// in double, and an equal sum never replaces an earlier one: that is how SentencePiece's own encoder breaks ties, and the
/// ids are meant to be the same as its, ties included.
/// </summary>
internal sealed class UnigramEncoder
{
    private const float UnknownPenalty = 10f;

    private readonly PieceTrie _trie;
    private readonly int _unknownId;
    private readonly float _unknownScore;
    private readonly int[]? _byteIds;

    /// <summary>Prepares to segment with <paramref name="pieces"/>; <paramref name="byteIds"/> spell what is unknown, if the model has them.</summary>
    public UnigramEncoder(IReadOnlyList<Piece> pieces, int unknownId, int[]? byteIds)
    {
        var normal = pieces.Where(piece => piece.Type == PieceType.Normal).Select(piece => piece.Score).ToList();
        _unknownScore = normal.DefaultIfEmpty(float.MaxValue).Min() - UnknownPenalty;
        _unknownId = unknownId;
        _byteIds = byteIds;

        // The smallest positive normal number: the reference starts its search for the highest score from there, not from −∞.
        var highest = Math.Max(1.17549435e-38f, normal.DefaultIfEmpty(0f).Max());
        _trie = new(pieces
            .Select((piece, id) => new PieceTrie.Entry(piece.Utf8, id, Score(piece, highest)))
            .Where(entry => pieces[entry.Id].Type is PieceType.Normal or PieceType.UserDefined));
    }

    /// <summary>The ids of <paramref name="text"/>; a run of unknown characters is one id.</summary>
    public int[] Encode(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return [];
        }

        var paths = ArrayPool<Path>.Shared.Rent(text.Length + 1);
        var ids = ArrayPool<int>.Shared.Rent(text.Length);
        try
        {
            FindBestPaths(text, paths.AsSpan(0, text.Length + 1));
            return WalkBack(text, paths, ids.AsSpan(0, text.Length)).ToArray();
        }
        finally
        {
            ArrayPool<int>.Shared.Return(ids);
            ArrayPool<Path>.Shared.Return(paths);
        }
    }

    /// <summary>The best way to reach a place in the text: its score, and the last piece of it.</summary>
    private struct Path
    {
        public float Score;
        public int Start;
        public int Id;
    }

    private static double Score(Piece piece, float highest) => piece.Type == PieceType.UserDefined
        ? piece.Utf8.Length * highest - 0.1 // beats any way of spelling it with other pieces
        : piece.Score;

    private void FindBestPaths(ReadOnlySpan<byte> text, Span<Path> paths)
    {
        paths.Fill(new() { Score = float.NegativeInfinity });
        paths[0].Score = 0;
        for (var start = 0; start < text.Length;)
        {
            var length = Math.Min(Utf8Chars.Length(text[start]), text.Length - start);
            if (!ExtendByPieces(text, start, length, paths))
            {
                ExtendByUnknown(start, length, paths);
            }

            start += length;
        }
    }

    /// <summary>Tries every piece that begins at <paramref name="start"/>; true if one of them is just the first character.</summary>
    private bool ExtendByPieces(ReadOnlySpan<byte> text, int start, int characterLength, Span<Path> paths)
    {
        var nodes = _trie.Nodes;
        var scoreHere = (double)paths[start].Score;
        var characterEnd = start + characterLength;
        var characterKnown = false;
        var node = PieceTrie.Root;
        for (var i = start; i < text.Length; i++)
        {
            var child = nodes[node].Base + text[i];
            if (nodes[child].Parent != node)
            {
                break;
            }

            node = child;
            var score = scoreHere + nodes[node].Score;
            ref var path = ref paths[i + 1];
            if (score > path.Score)
            {
                path = new() { Score = (float)score, Start = start, Id = _trie.IdAt(node) };
            }

            characterKnown |= i + 1 == characterEnd && nodes[node].Score > PieceTrie.NoPiece;
        }

        return characterKnown;
    }

    private void ExtendByUnknown(int start, int length, Span<Path> paths)
    {
        // Rounded before it is compared, unlike the sums above.
        var score = _unknownScore + paths[start].Score;
        ref var path = ref paths[start + length];
        if (score > path.Score)
        {
            path = new() { Score = score, Start = start, Id = _unknownId };
        }
    }

    /// <summary>Follows the best path from the end of the text, filling <paramref name="ids"/> from its end.</summary>
    private Span<int> WalkBack(ReadOnlySpan<byte> text, ReadOnlySpan<Path> paths, Span<int> ids)
    {
        var first = ids.Length;
        var afterUnknown = false;
        for (var end = text.Length; end > 0; end = paths[end].Start)
        {
            var (start, id) = (paths[end].Start, paths[end].Id);
            var isUnknown = id == _unknownId;
            if (isUnknown && _byteIds is not null)
            {
                for (var i = end - 1; i >= start; i--)
                {
                    ids[--first] = _byteIds[text[i]];
                }
            }
            else if (!isUnknown || !afterUnknown)
            {
                ids[--first] = id;
            }

            afterUnknown = isUnknown;
        }

        return ids[first..];
    }
}
