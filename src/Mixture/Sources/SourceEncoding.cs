using System.Text;

namespace Temper.Mixture.Sources;

/// <summary>The character encodings that sources are read in.</summary>
public enum SourceEncoding
{
    /// <summary><c>utf-8</c>; a byte-order mark is skipped, invalid bytes are an error.</summary>
    Utf8,

    /// <summary><c>latin-1</c>: every byte is a character.</summary>
    Latin1,
}

/// <summary>Names and decoders of <see cref="SourceEncoding"/>.</summary>
internal static class SourceEncodings
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Spelling in a spec → encoding.</summary>
    public static IReadOnlyDictionary<string, SourceEncoding> ByName { get; } = new Dictionary<string, SourceEncoding>(StringComparer.Ordinal)
    {
        ["utf-8"] = SourceEncoding.Utf8,
        ["latin-1"] = SourceEncoding.Latin1,
    };

    public static Encoding Decoder(SourceEncoding encoding) =>
        encoding == SourceEncoding.Latin1 ? Encoding.Latin1 : StrictUtf8;
}
