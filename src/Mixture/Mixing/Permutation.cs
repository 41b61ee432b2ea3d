using System.Security.Cryptography;
using System.Text;

namespace Temper.Mixture.Mixing;

/// <summary>
/// A pseudo-random order of 0 … count − 1 that can be computed at any place without the others: a Feistel network over the next
/// power of four, walked until it lands inside.
/// </summary>
public readonly struct Permutation
{
    private const int Rounds = 6;

    private readonly ulong _key;
    private readonly int _halfBits;
    private readonly int _count;

    /// <summary>The order of <paramref name="count"/> items under <paramref name="key"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive.</exception>
    public Permutation(ulong key, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _key = key;
        _count = count;
        _halfBits = 1;
        while (1L << (2 * _halfBits) < count)
        {
            _halfBits++;
        }
    }

    /// <summary>The item at <paramref name="place"/>, both in 0 … count − 1; a bijection.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The place is outside.</exception>
    public int this[int place]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(place);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(place, _count);
            var value = (uint)place;
            do
            {
                value = Shuffle(value);
            }
            while (value >= (uint)_count);
            return (int)value;
        }
    }

    private uint Shuffle(uint value)
    {
        var mask = (1u << _halfBits) - 1;
        var (left, right) = (value >> _halfBits, value & mask);
        for (var round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ ((uint)Seeds.Mix(_key, right, (ulong)round) & mask));
        }

        return (left << _halfBits) | right;
    }
}

/// <summary>Makes seeds out of what a random choice may depend on. No generator is ever advanced: the same arguments give the same seed.</summary>
public static class Seeds
{
    /// <summary>A well-mixed seed from any number of parts.</summary>
    public static ulong Mix(params ReadOnlySpan<ulong> parts)
    {
        var state = 0x9E3779B97F4A7C15UL;
        foreach (var part in parts)
        {
            state = SplitMix64.Mix(state ^ SplitMix64.Mix(part + 0x9E3779B97F4A7C15UL)) + 0xD1B54A32D192ED03UL;
        }

        return SplitMix64.Mix(state);
    }

    /// <summary>A number for a name, the same on every machine.</summary>
    public static ulong Of(string name) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(name)), 0);
}
