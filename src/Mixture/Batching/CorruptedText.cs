using Temper.Mixture.Mixing;
using Temper.Mixture.Objectives;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Batching;

/// <summary>
/// A text for span corruption: the tokens of all its rows on end, cut into chunks as long as the inputs allow, whatever rows they come from. What
/// is hidden of a chunk follows from (seed, task, index, epoch) alone, and how much from its length.
/// </summary>
public sealed class CorruptedText : ITokenSource
{
    private readonly int[] _tokens;
    private readonly int _chunkTokens;
    private readonly IReadOnlyList<int> _chunks;
    private readonly SpanCorruptionSpec _spec;
    private readonly IVocabulary _vocabulary;
    private readonly ulong _seed;

    private CorruptedText(string name, int[] tokens, int chunkTokens, IReadOnlyList<int> chunks, SpanCorruptionSpec spec, IVocabulary vocabulary, ulong seed)
    {
        Name = name;
        _tokens = tokens;
        _chunkTokens = chunkTokens;
        _chunks = chunks;
        _spec = spec;
        _vocabulary = vocabulary;
        _seed = seed;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Number of chunks. The last one of the text may be shorter than the others; it is left out where it is too short for a span.</summary>
    public int Count => _chunks.Count;

    /// <summary>
    /// Encodes and cuts a text. Each row ends with a line feed where the vocabulary has one: bytes do, and T5's own pieces mark the beginnings of
    /// words instead. What reads like a sentinel becomes unknown, since it would be taken for a hidden span.
    /// </summary>
    /// <param name="name">The task's name.</param>
    /// <param name="rows">The text: the inputs of the rows.</param>
    /// <param name="vocabulary">Text to ids.</param>
    /// <param name="inputLength">Most input tokens, end of sequence included.</param>
    /// <param name="spec">How much is hidden.</param>
    /// <param name="seed">Decides what is hidden.</param>
    /// <param name="mostChunks">At most so many chunks, spread over the text; null for all.</param>
    public static CorruptedText Encode(
        string name, IReadOnlyList<TextExample> rows, IVocabulary vocabulary, int inputLength, SpanCorruptionSpec spec, long seed, int? mostChunks = null)
    {
        var tokens = Encode(rows, vocabulary);
        var chunkTokens = SpanLengths.Fitting(inputLength, spec).Tokens;
        var (whole, rest) = Math.DivRem(tokens.Length, chunkTokens);
        var chunks = MaxExamples.Positions(rest >= SpanLengths.LeastTokens ? whole + 1 : whole, mostChunks);
        return new CorruptedText(name, tokens, chunkTokens, chunks, spec, vocabulary, SeedOf(name, seed));
    }

    /// <summary>The same chunks, corrupted from another seed.</summary>
    public CorruptedText Under(long seed) => new(Name, _tokens, _chunkTokens, _chunks, _spec, _vocabulary, SeedOf(Name, seed));

    /// <summary>The tokens of a chunk as the text has them.</summary>
    public ReadOnlySpan<int> Chunk(int index)
    {
        var start = _chunks[index] * _chunkTokens;
        return _tokens.AsSpan(start, Math.Min(_chunkTokens, _tokens.Length - start));
    }

    /// <inheritdoc/>
    public (int Inputs, int Targets) Lengths(int index, long epoch)
    {
        var lengths = SpanLengths.Of(Chunk(index).Length, _spec);
        return (lengths.Inputs, lengths.Targets);
    }

    /// <inheritdoc/>
    public TokenRow Row(int index, long epoch) =>
        SpanCorruption.Corrupt(Chunk(index), _spec, _vocabulary, Seeds.Mix(_seed, (ulong)index, (ulong)epoch));

    private static ulong SeedOf(string name, long seed) => Seeds.Mix((ulong)seed, Seeds.Of(name));

    private static int[] Encode(IReadOnlyList<TextExample> rows, IVocabulary vocabulary)
    {
        var lineEnd = vocabulary.Encode("\n");
        if (lineEnd.Contains(SpecialIds.Unknown))
        {
            lineEnd = [];
        }

        var firstSentinel = vocabulary.Size - vocabulary.SentinelCount;
        var tokens = new List<int>();
        foreach (var row in rows)
        {
            tokens.AddRange(Array.ConvertAll(vocabulary.Encode(row.Inputs), id => id < firstSentinel ? id : SpecialIds.Unknown));
            tokens.AddRange(lineEnd);
        }

        return [.. tokens];
    }
}
