namespace Temper.Mixture.Sources;

/// <summary>A file found under a data root.</summary>
/// <param name="Name">The name the spec gives it: the same on every host, so messages and tests need no machine's paths.</param>
/// <param name="FullPath">Where it lies, all symbolic links resolved.</param>
public sealed record SourceFile(string Name, string FullPath)
{
    /// <summary>The place of a line in this file, for messages.</summary>
    public string At(long line) => $"{Name}:{line}";

    /// <summary>Opens the file; a name that ends in <c>.gz</c> is unpacked on the way.</summary>
    internal Stream Open()
    {
        try
        {
            var file = new FileStream(FullPath, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
            return Name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
                ? new WholeGzipStream(file)
                : file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException(Name, $"The file cannot be opened ({e.GetType().Name}). Check that it exists and that this process may read it.", e);
        }
    }
}
