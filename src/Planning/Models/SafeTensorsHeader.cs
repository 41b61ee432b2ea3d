using System.Buffers.Binary;
using System.Text.Json;
using Temper.Mixture.Sources;

namespace Temper.Planning.Models;

/// <summary>The header of a file in Hugging Face's safetensors format: its length in eight bytes, then JSON that names the tensors.</summary>
public static class SafeTensorsHeader
{
    private const int LengthBytes = 8;

    // The reference implementation's own bound: real headers have some kilobytes.
    private const long MaxBytes = 100_000_000;

    /// <summary>Reads the JSON at the beginning of <paramref name="file"/>, whose position is then that of the data.</summary>
    /// <exception cref="InvalidDataException">There is no such header; the message is a clause that says why.</exception>
    public static byte[] Read(Stream file)
    {
        var start = new byte[GitLfsPointer.MaxBytes];
        var read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (GitLfsPointer.Problem(start.AsSpan(0, read)) is { } pointer)
        {
            throw new InvalidDataException(pointer);
        }

        if (read < LengthBytes)
        {
            throw new InvalidDataException("it is shorter than the length of a header");
        }

        var length = BinaryPrimitives.ReadInt64LittleEndian(start);
        if (length < 2 || length > MaxBytes || length > file.Length - LengthBytes)
        {
            throw new InvalidDataException($"its header claims {(ulong)length} bytes in a file of {file.Length}");
        }

        file.Position = LengthBytes;
        var json = new byte[length];
        file.ReadExactly(json);
        return json;
    }

    /// <summary>Names and shapes of the tensors of a file.</summary>
    /// <exception cref="InvalidDataException">Not a safetensors file.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            using var header = JsonDocument.Parse(Read(file));
            return header.RootElement.EnumerateObject().Where(property => property.Name != "__metadata__").ToDictionary(
                property => property.Name,
                property => (IReadOnlyList<long>)[.. property.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())],
                StringComparer.Ordinal);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}' is not a usable safetensors file: {e.Message}", e);
        }
    }
}
