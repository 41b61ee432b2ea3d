using System.IO.Compression;
using System.Text;

namespace Temper.Mixture.Tests.Sources;

/// <summary>A data root in the temporary folder that goes away with the test.</summary>
internal sealed class Scratch : IDisposable
{
    public Scratch() => Root = Directory.CreateTempSubdirectory("temper-data-").FullName;

    public string Root { get; }

    /// <summary>Writes a file below the root and gives its name.</summary>
    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return name;
    }

    public string WritePacked(string name, string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return Write(name, packed.ToArray());
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
