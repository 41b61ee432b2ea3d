using System.Text;

namespace Temper.Mixture.Sources;

/// <summary>A line of text.</summary>
/// <param name="Text">The line without its end.</param>
/// <param name="End">What ended it: a line feed, carriage return and line feed, or at the end of the file nothing, or a carriage return whose line feed was cut off.</param>
/// <param name="Number">Counted from 1.</param>
public readonly record struct TextLine(string Text, string End, long Number);

/// <summary>Reads the lines of a text file, packed or not, in a given encoding.</summary>
public static class TextLines
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The lines in order, read as they are asked for. A byte-order mark of UTF-8 is skipped.</summary>
    /// <param name="file">The file; unpacked on the way if its name ends in <c>.gz</c>.</param>
    /// <param name="encoding">Its encoding.</param>
    /// <exception cref="SourceException">The file cannot be read, or its bytes are no text; names the line.</exception>
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

            if (number == 1 && FileBeginning.Problem(bytes, encoding) is { } problem)
            {
                throw new SourceException(file.At(number), problem);
            }

            if (number == 1 && encoding == SourceEncoding.Utf8 && bytes.StartsWith(ByteOrderMark))
            {
                bytes = bytes[ByteOrderMark.Length..];
            }

            if (number == 1 && !terminated && bytes.IndexOf((byte)'\r') is var at && at >= 0 && at < bytes.Length - 1)
            {
                throw new SourceException(
                    file.At(number),
                    "Lines end with a carriage return alone, so that the whole file is one line. Convert its line ends to line feeds, as tr '\\r' '\\n' does.");
            }

            return Split(SourceEncodings.Decoder(encoding).GetString(bytes), terminated, number);
        }
        catch (DecoderFallbackException e)
        {
            throw new SourceException(file.At(number), "The bytes are not valid UTF-8. Set 'encoding: latin-1' if a task's source is in Latin-1, or convert the file.", e);
        }
        catch (InvalidDataException e)
        {
            throw new SourceException(file.At(number), e.Message, e);
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
        (false, true) => new TextLine(text[..^1], "\r", number),
        (false, false) => new TextLine(text, "", number),
    };
}
