namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>Where characters begin and end in UTF-8.</summary>
internal static class Utf8Chars
{
    /// <summary>U+2581, which stands for a space inside pieces.</summary>
    public const char SpaceSymbol = '\u2581';

    /// <summary>The three bytes of <see cref="SpaceSymbol"/>.</summary>
    public static ReadOnlySpan<byte> SpaceSymbolBytes => "\u2581"u8;

    /// <summary>Bytes of the character that begins with <paramref name="first"/>; a stray trail byte counts as one character.</summary>
    public static int Length(byte first) => first switch
    {
        < 0xC0 => 1,
        < 0xE0 => 2,
        < 0xF0 => 3,
        _ => 4,
    };
}
