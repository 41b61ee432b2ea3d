using System.Security.Cryptography;
using System.Text;

namespace Temper.Mixture.Vocabularies;

/// <summary>Where the sentinels of a <see cref="ByteVocabulary"/> lie.</summary>
public enum SentinelPlace
{
    /// <summary>Above the bytes, on ids of their own: 259 and up.</summary>
    Above,

    /// <summary>On the last bytes, as the published ByT5 models were trained: 258, 257, …</summary>
    LastBytes,
}

/// <summary>
/// ByT5's vocabulary, which needs no file: byte b of the text's UTF-8 has id b + 3, after the three special ids. No text encodes as a
/// sentinel, and a sentinel decodes to nothing.
/// </summary>
/// <remarks>
/// t5's own code gives ByT5 no extra ids and counts sentinels down from the last id, 258, all the same. The bytes F5 to FF occur in no UTF-8
/// text, so the first eleven sentinels are safe, more than its spans of 20 bytes need; further ones would be bytes of ordinary text.
/// </remarks>
public sealed class ByteVocabulary : IVocabulary
{
    private const int FirstByte = SpecialIds.Unknown + 1;
    private const int ByteIds = FirstByte + 256;

    // F5 to FF.
    private const int BytesWithoutText = 11;

    // Bytes that are no character are left out, as ByT5 does, instead of becoming U+FFFD.
    private static readonly Encoding LenientUtf8 =
        Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new DecoderReplacementFallback(""));

    /// <summary>Creates the vocabulary with some sentinels: 100 in T5's tasks.</summary>
    /// <param name="sentinelCount">How many; at most eleven on the last bytes, however many are asked for.</param>
    /// <param name="place">Where they lie.</param>
    public ByteVocabulary(int sentinelCount = 100, SentinelPlace place = SentinelPlace.Above)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sentinelCount);
        var above = place == SentinelPlace.Above;
        MaxSentinels = above ? int.MaxValue : BytesWithoutText;
        SentinelCount = Math.Min(sentinelCount, MaxSentinels);
        Size = above ? ByteIds + sentinelCount : ByteIds;
        // On the last bytes their number changes no id.
        var text = above ? $"bytes from {FirstByte}, {sentinelCount} sentinels" : $"bytes from {FirstByte}, sentinels on the last bytes";
        ContentHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public int SentinelCount { get; }

    /// <inheritdoc/>
    public int MaxSentinels { get; }

    /// <inheritdoc/>
    public string ContentHash { get; }

    /// <inheritdoc/>
    public int Sentinel(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, SentinelCount);
        return Size - 1 - index;
    }

    /// <inheritdoc/>
    public int[] Encode(string text) => Array.ConvertAll(Encoding.UTF8.GetBytes(text), value => value + FirstByte);

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>(ids.Length);
        foreach (var id in ids)
        {
            if (id == SpecialIds.Eos)
            {
                break;
            }

            if (id is >= FirstByte and < ByteIds)
            {
                bytes.Add((byte)(id - FirstByte));
            }
        }

        return LenientUtf8.GetString([.. bytes]);
    }
}
