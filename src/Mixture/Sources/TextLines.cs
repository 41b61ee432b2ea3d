using System.Text;

namespace Temper.Mixture.Sources;

/// <summary>A line of text.</summary>
/// <param name="Text">The line without its end.</param>
/// <param name="End">What ended it: a line feed, carriage return and line feed, or nothing at the end of the file.</param>
/// <param name="Number">Counted from 1.</param>
internal readonly record struct TextLine(string Text, string End, long Number);

/// <summary>Reads the lines of a text file, packed or not, in a given encoding.</summary>
internal static class TextLines
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    public static IEnumerable<TextLine> Read(SourceFile file, SourceEncoding encoding)
    {
        using var lines = new ByteLines(file.Open());
        for (long number = 1; Next(lines, file, encoding, number) is { } line; number++)
        {
            yield return line;
        }
    }

    private static TextLine? Next(ByteLines lines, SourceFile file, SourceEncoding encoding, long number)
    {
        try
        {
            if (!lines.TryNext(out var bytes, out var terminated))
            {
                return null;
            }

            if (number == 1 && encoding == SourceEncoding.Utf8 && bytes.StartsWith(ByteOrderMark))
            {
                bytes = bytes[ByteOrderMark.Length..];
            }

            return Split(SourceEncodings.Decoder(encoding).GetString(bytes), terminated, number);
        }
        catch (DecoderFallbackException e)
        {
            throw new SourceException(file.At(number), "The bytes are not valid UTF-8. Set 'encoding: latin-1' if the file is in Latin-1, or convert it.", e);
        }
        catch (InvalidDataException e)
        {
            throw new SourceException(file.At(number), $"{e.Message} Check that this is a text file, and that a .gz file is whole.", e);
        }
        catch (IOException e)
        {
            throw new SourceException(file.At(number), $"Reading failed: {e.Message}", e);
        }
    }

    private static TextLine Split(string text, bool terminated, long number) => (terminated, text.EndsWith('\r')) switch
    {
        (true, true) => new TextLine(text[..^1], "\r\n", number),
        (true, false) => new TextLine(text, "\n", number),
        (false, _) => new TextLine(text, "", number),
    };
}
