using System.Numerics;
using System.Runtime.InteropServices;

namespace Temper.Worker.Collectives;

/// <summary>Adds the sum of the earlier ranks to a rank's own values, element by element.</summary>
/// <param name="earlier">Bytes of the sum over all lower ranks.</param>
/// <param name="own">Bytes of this rank's values; replaced by the sum.</param>
internal delegate void RankOrderSum(ReadOnlySpan<byte> earlier, Span<byte> own);

internal static class RankOrderSums
{
    public static readonly RankOrderSum Floats = Add<float>;
    public static readonly RankOrderSum Doubles = Add<double>;

    private static void Add<T>(ReadOnlySpan<byte> earlierBytes, Span<byte> ownBytes)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var earlier = MemoryMarshal.Cast<byte, T>(earlierBytes);
        var own = MemoryMarshal.Cast<byte, T>(ownBytes);
        var earlierVectors = MemoryMarshal.Cast<T, Vector<T>>(earlier);
        var ownVectors = MemoryMarshal.Cast<T, Vector<T>>(own)[..earlierVectors.Length];

        // Which of two NaNs survives an addition depends on the processor and on how the JIT ordered the operands.
        // One NaN for all keeps the result a function of the values alone.
        var nan = new Vector<T>(T.NaN);
        for (var i = 0; i < ownVectors.Length; i++)
        {
            var sum = earlierVectors[i] + ownVectors[i];
            ownVectors[i] = Vector.ConditionalSelect(Vector.Equals(sum, sum), sum, nan);
        }

        for (var i = ownVectors.Length * Vector<T>.Count; i < own.Length; i++)
        {
            var sum = earlier[i] + own[i];
            own[i] = T.IsNaN(sum) ? T.NaN : sum;
        }
    }
}
