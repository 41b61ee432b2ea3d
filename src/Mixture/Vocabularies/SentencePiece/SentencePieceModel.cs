using System.Buffers;
using System.Globalization;
using System.Text;

namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>
/// A unigram SentencePiece model: the same ids as the reference implementation (0.1.97) gives, and the same text back.
/// It knows nothing of T5; <see cref="SentencePieceVocabulary"/> adds sentinels and the end of sequence.
/// </summary>
internal sealed class SentencePieceModel
{
    private readonly Normalizer _normalizer;
    private readonly Normalizer? _denormalizer;
    private readonly UnigramEncoder _encoder;
    private readonly PieceDecoder _decoder;

    /// <summary>Prepares a parsed model for use.</summary>
    /// <exception cref="InvalidDataException">The model is of another kind, or contradicts itself; the message is a clause that says why.</exception>
    public SentencePieceModel(ModelProto proto)
    {
        Check(proto);
        Pieces = proto.Pieces;
        UnknownId = OnlyUnknown(proto.Pieces);
        var byteIds = proto.ByteFallback ? FindByteIds(proto.Pieces) : null;

        _normalizer = new(proto.Normalizer, proto.WhitespaceIsSuffix, UserDefinedPieces(proto.Pieces));
        _denormalizer = proto.Denormalizer is { CharsMap.Length: > 0 } spec ? new(spec, whitespaceIsSuffix: false, userDefined: null) : null;
        _encoder = new(proto.Pieces, UnknownId, byteIds);
        _decoder = new(proto, UnknownId, byteIds);
    }

    /// <summary>All pieces by id.</summary>
    public IReadOnlyList<Piece> Pieces { get; }

    /// <summary>The id of what the model does not know.</summary>
    public int UnknownId { get; }

    /// <summary>The ids of <paramref name="text"/>.</summary>
    public int[] Encode(string text)
    {
        var utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        var normalized = new ByteBuffer(utf8.Length);
        try
        {
            var length = Encoding.UTF8.GetBytes(text, utf8);
            _normalizer.Normalize(utf8.AsSpan(0, length), ref normalized);
            return _encoder.Encode(normalized.Written);
        }
        finally
        {
            normalized.Dispose();
            ArrayPool<byte>.Shared.Return(utf8);
        }
    }

    /// <summary>The text of <paramref name="ids"/>.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = _decoder.Decode(ids);
        return _denormalizer is null ? text : Denormalize(_denormalizer, text);
    }

    private static string Denormalize(Normalizer denormalizer, string text)
    {
        var output = new ByteBuffer(text.Length);
        try
        {
            denormalizer.Normalize(Encoding.UTF8.GetBytes(text), ref output);
            return Encoding.UTF8.GetString(output.Written);
        }
        finally
        {
            output.Dispose();
        }
    }

    private static void Check(ModelProto proto)
    {
        if (proto.Type != ModelType.Unigram)
        {
            throw new InvalidDataException($"it is a {proto.Type} model, and only Unigram models are supported");
        }

        var seen = new HashSet<(string, bool)>();
        foreach (var piece in proto.Pieces)
        {
            if (piece.Utf8.Length == 0 || !float.IsFinite(piece.Score) || !Enum.IsDefined(piece.Type))
            {
                throw new InvalidDataException($"piece '{piece.Text}' is empty, or has no usable score or type");
            }

            // A special piece may be spelled like an ordinary one: text never encodes as it.
            var isSpecial = piece.Type is PieceType.Unknown or PieceType.Control or PieceType.Byte;
            if (!seen.Add((piece.Text, isSpecial)))
            {
                throw new InvalidDataException($"piece '{piece.Text}' occurs twice");
            }
        }
    }

    private static int OnlyUnknown(IReadOnlyList<Piece> pieces)
    {
        var unknown = Enumerable.Range(0, pieces.Count).Where(id => pieces[id].Type == PieceType.Unknown).ToList();
        return unknown is [var only] ? only : throw new InvalidDataException($"it has {unknown.Count} unknown pieces instead of one");
    }

    private static PieceTrie? UserDefinedPieces(IReadOnlyList<Piece> pieces)
    {
        var entries = pieces.Where(piece => piece.Type == PieceType.UserDefined).Select(piece => new PieceTrie.Entry(piece.Utf8, 0, 0)).ToList();
        return entries.Count > 0 ? new(entries) : null;
    }

    /// <summary>The ids of the pieces <c>&lt;0x00&gt;</c> … <c>&lt;0xFF&gt;</c>.</summary>
    private static int[] FindByteIds(IReadOnlyList<Piece> pieces)
    {
        var ids = Enumerable.Range(0, pieces.Count).Where(id => pieces[id].Type == PieceType.Byte).ToDictionary(id => pieces[id].Text);
        return [.. Enumerable.Range(0, 256).Select(value =>
            ids.TryGetValue(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"), out var id)
                ? id
                : throw new InvalidDataException($"it spells unknown characters in bytes, but has no piece for byte {value}"))];
    }
}
