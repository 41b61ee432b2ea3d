using Temper.Mixture.Mixing;

namespace Temper.Mixture.Batching;

/// <summary>
/// All documents of a text joined in the order of an epoch, as a ring: the first document follows the last one, and reading begins at any token. Only where each
/// document begins is worked out, in time and memory of the number of documents; safe for concurrent use.
/// </summary>
internal sealed class JoinedDocuments
{
    private readonly TokenizedDocuments _documents;
    private readonly Permutation? _order;
    private readonly int _first;

    // Where the document at each place begins, and the end of the last.
    private readonly int[] _starts;

    /// <param name="documents">At least one.</param>
    /// <param name="epoch">What this is the order of.</param>
    /// <param name="orderKey">Key of a random order; null for that of the documents.</param>
    /// <param name="first">The token, in this order, that is read first.</param>
    public JoinedDocuments(TokenizedDocuments documents, long epoch, ulong? orderKey, int first)
    {
        Epoch = epoch;
        _documents = documents;
        _order = orderKey is { } key ? new Permutation(key, documents.Count) : null;
        _first = first;
        _starts = new int[documents.Count + 1];
        for (var place = 0; place < documents.Count; place++)
        {
            _starts[place + 1] = _starts[place] + At(place).Length;
        }
    }

    /// <summary>The epoch.</summary>
    public long Epoch { get; }

    /// <summary><paramref name="count"/> tokens from the <paramref name="start"/>-th on, counted from the one that is read first.</summary>
    public int[] Tokens(long start, int count)
    {
        var tokens = new int[count];
        var from = (int)((_first + start) % _documents.TokenCount);
        var found = Array.BinarySearch(_starts, from);
        var place = found >= 0 ? found : ~found - 1;
        for (var done = 0; done < count; from = _starts[place])
        {
            var rest = At(place)[(from - _starts[place])..];
            var taken = rest[..Math.Min(rest.Length, count - done)];
            taken.CopyTo(tokens.AsSpan(done));
            done += taken.Length;
            place = (place + 1) % _documents.Count;
        }

        return tokens;
    }

    private ReadOnlySpan<int> At(int place) => _documents[_order is { } order ? order[place] : place];
}
