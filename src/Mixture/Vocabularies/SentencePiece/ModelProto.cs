using System.Text;

namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>What a piece is for; the values are those of the file format.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>How a model segments; the values are those of the file format.</summary>
internal enum ModelType
{
    Unigram = 1,
    Bpe = 2,
    Word = 3,
    Char = 4,
}

/// <summary>One entry of the vocabulary; its place in the list is its id.</summary>
internal sealed record Piece(byte[] Utf8, float Score, PieceType Type)
{
    /// <summary>The piece as text, U+2581 standing for a space.</summary>
    public string Text { get; } = Encoding.UTF8.GetString(Utf8);
}

/// <summary>How text is cleaned before it is segmented.</summary>
internal sealed record NormalizerSpec(byte[] CharsMap, bool AddDummyPrefix, bool RemoveExtraWhitespaces, bool EscapeWhitespaces);

/// <summary>The fields of a SentencePiece model file that decide what encoding and decoding give.</summary>
internal sealed record ModelProto(
    IReadOnlyList<Piece> Pieces,
    ModelType Type,
    bool ByteFallback,
    bool WhitespaceIsSuffix,
    string UnknownSurface,
    NormalizerSpec Normalizer,
    NormalizerSpec? Denormalizer)
{
    private const string DefaultUnknownSurface = " \u2047 ";

    /// <summary>Reads the bytes of a model file.</summary>
    /// <exception cref="InvalidDataException">They are not a SentencePiece model; the message is a clause that says why.</exception>
    public static ModelProto Parse(ReadOnlySpan<byte> bytes)
    {
        var pieces = new List<Piece>();
        var trainer = new TrainerFields();
        var normalizer = NormalizerDefaults;
        NormalizerSpec? denormalizer = null;

        var reader = new ProtobufReader(bytes);
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 1: pieces.Add(ParsePiece(reader.ReadBytes())); break;
                case 2: trainer = ParseTrainer(reader.ReadBytes(), trainer); break;
                case 3: normalizer = ParseNormalizer(reader.ReadBytes(), normalizer); break;
                case 5: denormalizer = ParseNormalizer(reader.ReadBytes(), denormalizer ?? NormalizerDefaults); break;
                default: reader.Skip(); break;
            }
        }

        return pieces.Count > 0
            ? new(pieces, trainer.Type, trainer.ByteFallback, trainer.WhitespaceIsSuffix, trainer.UnknownSurface, normalizer, denormalizer)
            : throw new InvalidDataException("it holds no pieces");
    }

    private static NormalizerSpec NormalizerDefaults => new([], AddDummyPrefix: true, RemoveExtraWhitespaces: true, EscapeWhitespaces: true);

    private static Piece ParsePiece(ReadOnlySpan<byte> message)
    {
        byte[] utf8 = [];
        var score = 0f;
        var type = PieceType.Normal;

        var reader = new ProtobufReader(message);
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 1: utf8 = reader.ReadBytes().ToArray(); break;
                case 2: score = reader.ReadSingle(); break;
                case 3: type = (PieceType)reader.ReadInteger(); break;
                default: reader.Skip(); break;
            }
        }

        return new(utf8, score, type);
    }

    private static TrainerFields ParseTrainer(ReadOnlySpan<byte> message, TrainerFields fields)
    {
        var reader = new ProtobufReader(message);
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 3: fields = fields with { Type = (ModelType)reader.ReadInteger() }; break;
                case 24: fields = fields with { WhitespaceIsSuffix = reader.ReadBoolean() }; break;
                case 35: fields = fields with { ByteFallback = reader.ReadBoolean() }; break;
                case 44: fields = fields with { UnknownSurface = Encoding.UTF8.GetString(reader.ReadBytes()) }; break;
                default: reader.Skip(); break;
            }
        }

        return fields;
    }

    private static NormalizerSpec ParseNormalizer(ReadOnlySpan<byte> message, NormalizerSpec spec)
    {
        var reader = new ProtobufReader(message);
        while (reader.TryReadField(out var field))
        {
            switch (field)
            {
                case 2: spec = spec with { CharsMap = reader.ReadBytes().ToArray() }; break;
                case 3: spec = spec with { AddDummyPrefix = reader.ReadBoolean() }; break;
                case 4: spec = spec with { RemoveExtraWhitespaces = reader.ReadBoolean() }; break;
                case 5: spec = spec with { EscapeWhitespaces = reader.ReadBoolean() }; break;
                default: reader.Skip(); break;
            }
        }

        return spec;
    }

    private sealed record TrainerFields(
        ModelType Type = ModelType.Unigram,
        bool ByteFallback = false,
        bool WhitespaceIsSuffix = false,
        string UnknownSurface = DefaultUnknownSurface);
}
