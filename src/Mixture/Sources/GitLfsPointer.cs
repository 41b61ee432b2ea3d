using System.Globalization;
using System.Text;

namespace Temper.Mixture.Sources;

/// <summary>What a clone without Git LFS has in place of a large file: three lines of text that name it.</summary>
public static class GitLfsPointer
{
    /// <summary>Bytes of the beginning of a file that <see cref="Problem"/> wants to see.</summary>
    public const int MaxBytes = 256;

    private static ReadOnlySpan<byte> Version => "version https://git-lfs.github.com/spec/"u8;

    /// <summary>A clause that says that the file is a pointer and what to do about it; null if it is none.</summary>
    /// <param name="start">The beginning of the file, at least <see cref="MaxBytes"/> of it if it has so many.</param>
    public static string? Problem(ReadOnlySpan<byte> start)
    {
        if (!start.StartsWith(Version))
        {
            return null;
        }

        var size = Encoding.UTF8.GetString(start).Split('\n').FirstOrDefault(line => line.StartsWith("size ", StringComparison.Ordinal))?[5..].Trim();
        var bytes = long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? string.Create(CultureInfo.InvariantCulture, $" of {count:#,0} bytes") : "";
        return $"it is a Git LFS pointer to a file{bytes}, not the file itself. Run `git lfs pull` in its repository, or download the file";
    }
}
