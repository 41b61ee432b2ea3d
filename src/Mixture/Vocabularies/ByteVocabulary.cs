using System.Security.Cryptography;
using System.Text;

namespace Temper.Mixture.Vocabularies;

/// <summary>
/// ByT5's vocabulary, which needs no file: byte b of the text's UTF-8 has id b + 3, after the three special ids, and
/// sentinels lie on top. No text encodes as a sentinel, and a sentinel decodes to nothing.
/// </summary>
public sealed class ByteVocabulary : IVocabulary
{
    private const int FirstByte = SpecialIds.Unknown + 1;
    private const int FirstSentinel = FirstByte + 256;

    // Bytes that are no character are left out, as ByT5 does, instead of becoming U+FFFD.
    private static readonly Encoding LenientUtf8 =
        Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new DecoderReplacementFallback(""));

    /// <summary>Creates the vocabulary with some sentinels: 100 in T5's tasks.</summary>
    public ByteVocabulary(int sentinelCount = 100)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sentinelCount);
        SentinelCount = sentinelCount;
        ContentHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"bytes from {FirstByte}, {sentinelCount} sentinels")));
    }

    /// <inheritdoc/>
    public int Size => FirstSentinel + SentinelCount;

    /// <inheritdoc/>
    public int SentinelCount { get; }

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

            if (id is >= FirstByte and < FirstSentinel)
            {
                bytes.Add((byte)(id - FirstByte));
            }
        }

        return LenientUtf8.GetString([.. bytes]);
    }
}
