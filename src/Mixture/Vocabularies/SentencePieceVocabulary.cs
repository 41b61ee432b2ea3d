using System.Buffers.Binary;
using System.Security.Cryptography;
using Temper.Mixture.Sources;
using Temper.Mixture.Vocabularies.SentencePiece;

namespace Temper.Mixture.Vocabularies;

/// <summary>
/// A SentencePiece unigram model as T5 uses it: the ids that <c>spm_encode</c> gives, and sentinels on top. A sentinel's
/// text, <c>&lt;extra_id_0&gt;</c>, encodes as its id where a word may start, and decodes to that text.
/// </summary>
public sealed class SentencePieceVocabulary : IVocabulary
{
    private readonly SentencePieceModel _model;

    private SentencePieceVocabulary(SentencePieceModel model, string contentHash, bool holdsSentinels)
    {
        _model = model;
        ContentHash = contentHash;
        SentinelCount = CountSentinels(model.Pieces);
        MaxSentinels = holdsSentinels ? SentinelCount : int.MaxValue;
    }

    /// <inheritdoc/>
    public int Size => _model.Pieces.Count;

    /// <inheritdoc/>
    public int SentinelCount { get; }

    /// <inheritdoc/>
    public int MaxSentinels { get; }

    /// <inheritdoc/>
    public string ContentHash { get; }

    /// <summary>Loads a model file, such as T5's <c>spiece.model</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="extraIds">How many sentinels to add; none are added to a model that already holds them, as mT5's does.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a SentencePiece model, or not one that T5 can use.</exception>
    public static SentencePieceVocabulary Load(string path, int extraIds = 100)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"There is no vocabulary at '{path}'. Put the SentencePiece model there (T5's is called spiece.model), or correct the path.", path);
        }

        var bytes = File.ReadAllBytes(path);
        return GitLfsPointer.Problem(bytes) is { } problem
            ? throw new InvalidDataException($"Cannot use '{path}' as a SentencePiece vocabulary: {problem}.")
            : FromBytes(bytes, extraIds, $"'{path}'");
    }

    /// <summary>Loads a model from the bytes of its file.</summary>
    /// <inheritdoc cref="Load" path="/param[@name='extraIds']"/>
    /// <exception cref="InvalidDataException">The bytes are not a SentencePiece model, or not one that T5 can use.</exception>
    public static SentencePieceVocabulary FromBytes(ReadOnlySpan<byte> model, int extraIds = 100) => FromBytes(model, extraIds, "the given bytes");

    /// <inheritdoc/>
    public int Sentinel(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, SentinelCount);
        return Size - 1 - index;
    }

    /// <inheritdoc/>
    public int[] Encode(string text) => _model.Encode(text);

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var end = ids.IndexOf(SpecialIds.Eos);
        return _model.Decode(end < 0 ? ids : ids[..end]);
    }

    private static SentencePieceVocabulary FromBytes(ReadOnlySpan<byte> bytes, int extraIds, string source)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(extraIds);
        try
        {
            var proto = ModelProto.Parse(bytes);
            var holdsSentinels = CountSentinels(proto.Pieces) > 0;
            extraIds = holdsSentinels ? 0 : extraIds;
            var model = new SentencePieceModel(proto with { Pieces = [.. proto.Pieces, .. Sentinels(extraIds)] });
            CheckSpecialIds(proto.Pieces);
            return new(model, Hash(bytes, extraIds), holdsSentinels);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                $"Cannot use {source} as a SentencePiece vocabulary: {e.Message}. Give a unigram model whose ids 0, 1 and 2 are "
                + "padding, end of sequence and unknown, such as T5's spiece.model, or one from "
                + "spm_train --model_type=unigram --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1.", e);
        }
    }

    /// <summary>The rest of the service takes these three ids for granted.</summary>
    private static void CheckSpecialIds(IReadOnlyList<Piece> pieces)
    {
        if (pieces is not [{ Type: PieceType.Control }, { Type: PieceType.Control }, { Type: PieceType.Unknown }, ..])
        {
            var first = string.Join(", ", pieces.Take(3).Select(piece => $"'{piece.Text}'"));
            throw new InvalidDataException($"its first pieces, {first}, are not those of padding, end of sequence and unknown");
        }
    }

    /// <summary>Pieces for sentinels, the last one first, so that sentinel 0 has the top id.</summary>
    private static IEnumerable<Piece> Sentinels(int count) => Enumerable.Range(0, count)
        .Reverse()
        .Select(index => new Piece([.. Utf8Chars.SpaceSymbolBytes, .. System.Text.Encoding.UTF8.GetBytes(SentinelText.Of(index))], 0, PieceType.UserDefined));

    private static int CountSentinels(IReadOnlyList<Piece> pieces) => Enumerable.Range(0, pieces.Count)
        .TakeWhile(index => pieces[^(index + 1)].Text.TrimStart(Utf8Chars.SpaceSymbol) == SentinelText.Of(index))
        .Count();

    private static string Hash(ReadOnlySpan<byte> bytes, int extraIds)
    {
        Span<byte> count = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(count, extraIds);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(count);
        hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
