using Temper.Mixture.Sources;

namespace Temper.Cli.Commands;

/// <summary>Lines of the files that commands read: UTF-8, as the sources of tasks are by default.</summary>
internal static class InputLines
{
    /// <summary>The lines, read as they are asked for.</summary>
    /// <exception cref="SourceException">The file cannot be read, or its bytes are no text; names the line.</exception>
    public static IEnumerable<TextLine> Read(FileInfo file) => TextLines.Read(new SourceFile(file.Name, file.FullName), SourceEncoding.Utf8);
}
