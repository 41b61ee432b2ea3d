using Temper.Mixture.Examples;
using Temper.Mixture.Mixing;
using Temper.Mixture.Objectives;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Batching;

/// <summary>
/// A text for span corruption. In each epoch its documents are shuffled, joined without a gap and cut into chunks as long as the inputs allow, from a
/// random token on: what lies before that token follows the last document, so that each token is in one chunk of the epoch, and chunks have other
/// borders in each epoch. Order, first token and what is hidden follow from (seed, task, epoch, index) alone, and lengths from the index.
/// </summary>
public sealed class CorruptedText : ITokenSource
{
    private static readonly ulong OrderOfDocuments = Seeds.Of("order of documents");
    private static readonly ulong FirstToken = Seeds.Of("first token");

    private readonly TokenizedDocuments _documents;
    private readonly int _chunkTokens;
    private readonly SpanCorruptionSpec _spec;
    private readonly IVocabulary _vocabulary;
    private readonly long _runSeed;
    private readonly bool _redrawn;
    private readonly ulong _seed;

    // Of the epoch that is read and the one before or after it, which rows of one batch may be of. Whoever comes too late makes it anew, the same.
    private readonly JoinedDocuments?[] _joined = new JoinedDocuments?[2];

    private CorruptedText(string name, TokenizedDocuments documents, int chunkTokens, SpanCorruptionSpec spec, IVocabulary vocabulary, long seed, bool redrawn)
    {
        Name = name;
        Count = (documents.TokenCount / chunkTokens) + (documents.TokenCount % chunkTokens >= SpanLengths.MinTokens ? 1 : 0);
        _documents = documents;
        _chunkTokens = chunkTokens;
        _spec = spec;
        _vocabulary = vocabulary;
        _runSeed = seed;
        _redrawn = redrawn;
        _seed = Seeds.Mix((ulong)seed, Seeds.Of(name));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>
    /// Number of chunks, the same in each epoch. The last one may be shorter than the others; it is left out, with its one token, where it is too short
    /// for a span.
    /// </summary>
    public int Count { get; }

    /// <summary>A text to train on: its chunks are drawn anew in each epoch.</summary>
    /// <param name="name">The task's name.</param>
    /// <param name="documents">The text: the inputs of the rows.</param>
    /// <param name="vocabulary">Text to ids.</param>
    /// <param name="inputLength">Most input tokens, end of sequence included.</param>
    /// <param name="spec">How much is hidden.</param>
    /// <param name="seed">Decides the chunks and what is hidden of them.</param>
    /// <param name="maxChunks">Train on no more text than fills so many chunks: see <see cref="TokenizedDocuments.Part"/>; null for all of it.</param>
    public static CorruptedText ToTrainOn(
        string name, IReadOnlyList<TextExample> documents, IVocabulary vocabulary, int inputLength, SpanCorruptionSpec spec, long seed, int? maxChunks = null)
    {
        var chunkTokens = SpanLengths.Fitting(inputLength, spec).Tokens;
        var encoded = TokenizedDocuments.Encode(documents, vocabulary);
        return new CorruptedText(name, maxChunks is { } most ? encoded.Part((long)most * chunkTokens) : encoded, chunkTokens, spec, vocabulary, seed, redrawn: true);
    }

    /// <summary>A text to judge by: its documents stay in their order and its chunks the same, from the first token on.</summary>
    /// <param name="name">The task's name.</param>
    /// <param name="documents">The text: the inputs of the rows.</param>
    /// <param name="vocabulary">Text to ids.</param>
    /// <param name="inputLength">Most input tokens, end of sequence included.</param>
    /// <param name="spec">How much is hidden.</param>
    /// <param name="seed">Decides what is hidden.</param>
    public static CorruptedText ToEvaluate(
        string name, IReadOnlyList<TextExample> documents, IVocabulary vocabulary, int inputLength, SpanCorruptionSpec spec, long seed) =>
        new(name, TokenizedDocuments.Encode(documents, vocabulary), SpanLengths.Fitting(inputLength, spec).Tokens, spec, vocabulary, seed, redrawn: false);

    /// <summary>The same text under another seed.</summary>
    public CorruptedText Under(long seed) =>
        seed == _runSeed ? this : new(Name, _documents, _chunkTokens, _spec, _vocabulary, seed, _redrawn);

    /// <summary>The tokens of a chunk as the text has them.</summary>
    public int[] Chunk(int index, long epoch) => Joined(epoch).Tokens((long)index * _chunkTokens, ChunkLength(index));

    /// <inheritdoc/>
    public (int Inputs, int Targets) Lengths(int index, long epoch)
    {
        var lengths = SpanLengths.Of(ChunkLength(index), _spec);
        return (lengths.Inputs, lengths.Targets);
    }

    /// <inheritdoc/>
    public TokenRow Row(int index, long epoch) =>
        SpanCorruption.Corrupt(Chunk(index, epoch), _spec, _vocabulary, Seeds.Mix(_seed, (ulong)index, (ulong)epoch));

    private int ChunkLength(int index) => (int)Math.Min(_chunkTokens, _documents.TokenCount - ((long)index * _chunkTokens));

    private JoinedDocuments Joined(long epoch)
    {
        epoch = _redrawn ? epoch : 0;
        ref var kept = ref _joined[epoch & 1];
        if (Volatile.Read(ref kept) is { } known && known.Epoch == epoch)
        {
            return known;
        }

        var made = _redrawn
            ? new JoinedDocuments(
                _documents, epoch, Seeds.Mix(_seed, OrderOfDocuments, (ulong)epoch), (int)(Seeds.Mix(_seed, FirstToken, (ulong)epoch) % (ulong)_documents.TokenCount))
            : new JoinedDocuments(_documents, epoch, orderKey: null, first: 0);
        Volatile.Write(ref kept, made);
        return made;
    }
}
