namespace Temper.Mixture;

/// <summary>Steele, Lea and Flood's SplitMix64: numbers that are the same on every host and in every version of .NET.</summary>
internal sealed class SplitMix64(ulong seed)
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;
    private ulong _state = seed;

    public ulong Next() => Mix(_state += GoldenGamma);

    /// <summary>Spreads every bit of a number over all bits of the result; one to one (the finalizer of SplitMix64).</summary>
    public static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>A number in 0 … <paramref name="limit"/> - 1. For limits this small the bias of the remainder is far below one row.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>Different items of a list, in random order.</summary>
    public List<T> Choose<T>(IReadOnlyList<T> items, int count)
    {
        var rest = items.ToList();
        var chosen = new List<T>(count);
        while (chosen.Count < count)
        {
            var index = Below(rest.Count);
            chosen.Add(rest[index]);
            rest.RemoveAt(index);
        }

        return chosen;
    }
}
