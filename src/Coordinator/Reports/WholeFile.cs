using System.Text;

namespace Temper.Coordinator.Reports;

/// <summary>Files that are whole or absent.</summary>
internal static class WholeFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Written beside and renamed: a reader sees the old file or the new one, never half of one.</summary>
    public static void Replace(string path, Action<TextWriter> write)
    {
        var beside = path + ".tmp";
        using (var stream = new FileStream(beside, FileMode.Create, FileAccess.Write))
        {
            using (var writer = new StreamWriter(stream, Utf8, leaveOpen: true))
            {
                write(writer);
            }

            stream.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
    }
}
