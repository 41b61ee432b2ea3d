using System.Buffers.Binary;
using System.Text;

namespace Temper.Mixture.Sources;

/// <summary>
/// A hash that is the same on every host and in every version: which rows a share holds must never change.
/// FNV-1a over the UTF-8 bytes, then a finisher, since FNV alone leaves the high bits of short texts nearly equal.
/// </summary>
public static class TextHash
{
    private const ulong Offset = 0xCBF29CE484222325;
    private const ulong Prime = 0x00000100000001B3;

    /// <summary>Hash of several values. Each is preceded by its length, so that ("ab", "c") and ("a", "bc") differ.</summary>
    public static ulong Of(params ReadOnlySpan<string> values)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        var hash = Offset;
        foreach (var value in values)
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash = Feed(Feed(hash, length), bytes);
        }

        return SplitMix64.Mix(hash);
    }

    /// <summary>Hash of several values as a number in 0 … 1, 1 excluded.</summary>
    public static double Unit(params ReadOnlySpan<string> values) => (Of(values) >> 11) * (1.0 / (1UL << 53));

    private static ulong Feed(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * Prime;
        }

        return hash;
    }
}
