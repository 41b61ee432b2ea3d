using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Temper.Mixture.Examples;
using Temper.Mixture.Objectives;

namespace Temper.Mixture.Tasks;

/// <summary>
/// Identifies the text of a task. Trainers compare it before the first step: CLDR data and files differ between hosts, and a
/// mixture that differs would train quietly on something else.
/// </summary>
public static class ContentHasher
{
    /// <summary>SHA-256 over the name and, for every split, its row count and its rows in order; lower-case hexadecimal.</summary>
    public static string Of(string name, params ReadOnlySpan<IReadOnlyList<TextExample>> splits)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AddText(hash, name);
        return Finish(hash, splits);
    }

    /// <summary>
    /// The same for a text to pre-train on: over what is made of it too. The name of the way that chunks are drawn is part of it: what was trained on chunks that were
    /// drawn in another way does not go on with these.
    /// </summary>
    public static string OfText(string name, SpanCorruptionSpec spec, int? maxChunks, params ReadOnlySpan<IReadOnlyList<TextExample>> splits)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AddText(hash, name);
        AddText(hash, string.Create(CultureInfo.InvariantCulture, $"shuffled documents, span_corruption {spec.NoiseDensity:R} {spec.MeanSpan:R} {maxChunks}"));
        return Finish(hash, splits);
    }

    private static string Finish(IncrementalHash hash, ReadOnlySpan<IReadOnlyList<TextExample>> splits)
    {
        foreach (var split in splits)
        {
            AddNumber(hash, split.Count);
            foreach (var example in split)
            {
                AddText(hash, example.Inputs);
                AddText(hash, example.Targets);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // With its length before it, so that no text can be read as the end of another.
    private static void AddText(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        AddNumber(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void AddNumber(IncrementalHash hash, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
