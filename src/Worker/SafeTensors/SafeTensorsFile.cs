using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Planning.Models;
using Temper.Worker.Devices;
using static TorchSharp.torch;

namespace Temper.Worker.SafeTensors;

/// <summary>One file of tensors by name, in Hugging Face's safetensors format: a JSON header, then the values, little-endian.</summary>
/// <remarks>
/// Nothing in a header is believed: sizes are checked against the file before anything is allocated, and every byte of the data
/// belongs to exactly one tensor, as the format demands.
/// </remarks>
public sealed class SafeTensorsFile : IDisposable
{
    private const int LengthBytes = 8;
    private const int CopyBytes = 1 << 26;

    private static readonly Dictionary<string, (ScalarType Type, int Bytes)> s_types = new(StringComparer.Ordinal)
    {
        ["F64"] = (ScalarType.Float64, 8),
        ["F32"] = (ScalarType.Float32, 4),
        ["F16"] = (ScalarType.Float16, 2),
        ["BF16"] = (ScalarType.BFloat16, 2),
        ["I64"] = (ScalarType.Int64, 8),
        ["I32"] = (ScalarType.Int32, 4),
        ["U8"] = (ScalarType.Byte, 1),
    };

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly FileStream _file;
    private readonly long _dataStart;

    private SafeTensorsFile(FileStream file)
    {
        _file = file;
        _dataStart = ReadHeader();
    }

    /// <summary>The names of the tensors, in the order of the header.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="InvalidDataException">Not a safetensors file, or one that is cut or contradicts itself.</exception>
    public static SafeTensorsFile Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            return new SafeTensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes <paramref name="tensors"/>, in their types, beside <paramref name="path"/>, and renames the finished file into place.
    /// </summary>
    /// <param name="path">Replaced if it exists.</param>
    /// <param name="tensors">Names and values; tensors elsewhere than on the processor are copied one at a time.</param>
    public static void Write(string path, IReadOnlyCollection<KeyValuePair<string, Tensor>> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var offset = 0L;
        foreach (var (name, tensor) in tensors)
        {
            var (type, bytes) = TypeOf(tensor.dtype, name);
            var end = offset + (tensor.numel() * bytes);
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. tensor.shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(offset, end),
            };
            offset = end;
        }

        // Padded with spaces, so that the values start aligned for whoever maps the file.
        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        var padded = new byte[LengthBytes + ((json.Length + 7) / 8 * 8)];
        padded.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteInt64LittleEndian(padded, padded.Length - LengthBytes);
        json.CopyTo(padded, LengthBytes);

        var partial = $"{path}.{Environment.ProcessId}.partial";
        try
        {
            using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write))
            {
                file.Write(padded);
                foreach (var (_, tensor) in tensors)
                {
                    using var scope = NewDisposeScope();
                    ForEachPart(tensor.detach().ToHost().contiguous(), part => file.Write(part));
                }

                file.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>The shape of a tensor.</summary>
    public IReadOnlyList<long> Shape(string name) => _entries[name].Shape;

    /// <summary>Reads a tensor, in its stored type; the caller's to dispose.</summary>
    /// <exception cref="KeyNotFoundException">No tensor of that name.</exception>
    public Tensor Read(string name)
    {
        var entry = _entries[name];
        var tensor = empty(entry.Shape, entry.Type);
        _file.Position = _dataStart + entry.Begin;
        ForEachPart(tensor, part => _file.ReadExactly(part));
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static (string Name, int Bytes) TypeOf(ScalarType type, string tensor)
    {
        foreach (var (name, (known, bytes)) in s_types)
        {
            if (known == type)
            {
                return (name, bytes);
            }
        }

        throw new NotSupportedException($"Tensor '{tensor}' has type {type}, which is not written to safetensors.");
    }

    /// <summary>The tensor's memory in order, in parts: a span ends at 2 GiB.</summary>
    private static void ForEachPart(Tensor contiguous, SpanAction copy)
    {
        using var scope = NewDisposeScope();
        var flat = contiguous.view(-1);
        var elements = CopyBytes / contiguous.element_size();
        for (var at = 0L; at < flat.numel(); at += elements)
        {
            copy(flat.narrow(0, at, Math.Min(elements, flat.numel() - at)).bytes);
        }
    }

    private long ReadHeader()
    {
        byte[] json;
        try
        {
            json = SafeTensorsHeader.Read(_file);
        }
        catch (InvalidDataException e)
        {
            throw Bad(e.Message);
        }

        var dataStart = _file.Position;
        var dataLength = _file.Length - dataStart;
        try
        {
            using var header = JsonDocument.Parse(json);
            foreach (var property in header.RootElement.EnumerateObject().Where(property => property.Name != "__metadata__"))
            {
                if (!_entries.TryAdd(property.Name, ParseEntry(property.Name, property.Value)))
                {
                    throw Bad($"it names tensor '{property.Name}' twice");
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw Bad($"its header is malformed: {e.Message}");
        }

        var covered = 0L;
        foreach (var (name, entry) in _entries.OrderBy(pair => pair.Value.Begin).ThenBy(pair => pair.Value.End))
        {
            if (entry.Begin != covered)
            {
                throw Bad($"tensor '{name}' starts at byte {entry.Begin} of the data, where {covered} was due");
            }

            covered = entry.End;
        }

        return covered == dataLength ? dataStart : throw Bad($"its tensors cover {covered} of {dataLength} bytes");
    }

    private Entry ParseEntry(string name, JsonElement element)
    {
        var typeName = element.GetProperty("dtype").GetString() ?? "";
        if (!s_types.TryGetValue(typeName, out var type))
        {
            throw Bad($"tensor '{name}' has type '{typeName}'; known are {string.Join(", ", s_types.Keys)}");
        }

        var shape = element.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()).ToArray();
        var offsets = element.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
        {
            throw Bad($"tensor '{name}' has {offsets.GetArrayLength()} data_offsets instead of 2");
        }

        var (begin, end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        var bytes = shape.Aggregate((long)type.Bytes, (product, size) => checked(product * size));
        return shape.All(size => size >= 0) && begin >= 0 && checked(end - begin) == bytes
            ? new Entry(type.Type, shape, begin, end)
            : throw Bad($"tensor '{name}' of shape [{string.Join(", ", shape)}] and type {typeName} does not fit bytes {begin} to {end}");
    }

    private InvalidDataException Bad(string reason) => new($"'{_file.Name}' is not a usable safetensors file: {reason}.");

    private delegate void SpanAction(Span<byte> part);

    private sealed record Entry(ScalarType Type, long[] Shape, long Begin, long End);
}
