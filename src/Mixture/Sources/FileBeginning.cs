namespace Temper.Mixture.Sources;

/// <summary>What the first bytes of a file tell of it: that it is no text in the encoding that was asked for, though its bytes might pass for one.</summary>
internal static class FileBeginning
{
    private static ReadOnlySpan<byte> Utf8Mark => [0xEF, 0xBB, 0xBF];

    private static ReadOnlySpan<byte> Utf16Mark => [0xFF, 0xFE];

    private static ReadOnlySpan<byte> Utf16BigEndianMark => [0xFE, 0xFF];

    private static ReadOnlySpan<byte> Gzip => [0x1F, 0x8B];

    private static ReadOnlySpan<byte> Zstandard => [0x28, 0xB5, 0x2F, 0xFD];

    private static ReadOnlySpan<byte> Xz => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    private static ReadOnlySpan<byte> Zip => [(byte)'P', (byte)'K', 3, 4];

    // After the size of its blocks the first block begins, with the digits of pi.
    private static ReadOnlySpan<byte> Bzip2Block => [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];

    /// <summary>What is wrong and what would be right; null if nothing is.</summary>
    /// <param name="bytes">The first line, or the beginning of it.</param>
    /// <param name="encoding">How the file is to be read.</param>
    public static string? Problem(ReadOnlySpan<byte> bytes, SourceEncoding encoding)
    {
        if (bytes.StartsWith(Utf16Mark) || bytes.StartsWith(Utf16BigEndianMark))
        {
            return "The file is in UTF-16. Convert it to UTF-8, as iconv -f UTF-16 -t UTF-8 does.";
        }

        if (encoding == SourceEncoding.Latin1 && bytes.StartsWith(Utf8Mark))
        {
            return "The file begins with the mark of UTF-8, and 'encoding' is latin-1. Leave 'encoding' out.";
        }

        if (bytes.StartsWith(Gzip))
        {
            return "The file is packed with gzip, but its name does not end in .gz. Rename it, or unpack it.";
        }

        if (bytes.StartsWith(Zstandard) || bytes.StartsWith(Xz) || bytes.StartsWith(Zip) || (bytes.StartsWith("BZh"u8) && bytes[4..].StartsWith(Bzip2Block)))
        {
            return "The file is packed with something other than gzip. Unpack it, or pack it with gzip and let its name end in .gz.";
        }

        return GitLfsPointer.Problem(bytes) is null
            ? null
            : "The file is a Git LFS pointer, not the file itself. Run git lfs pull in its repository, or download the file.";
    }
}
