namespace Temper.Worker.Model;

/// <summary>
/// T5's buckets of relative positions (Raffel et al. 2020, section 2.1): half of them exact, the rest growing logarithmically up to a
/// largest distance; a learned bias per bucket and head is added to the attention logits.
/// </summary>
public static class RelativePositions
{
    /// <summary>The bucket of a key at <paramref name="offset"/> = key position − query position.</summary>
    /// <param name="offset">Key position − query position.</param>
    /// <param name="bidirectional">True in the encoder, where keys may follow; in the decoder they share bucket 0 and are masked.</param>
    /// <param name="buckets">Number of buckets, of both directions together.</param>
    /// <param name="maxDistance">Distance from which on all positions share a bucket.</param>
    public static int Bucket(int offset, bool bidirectional, int buckets, int maxDistance)
    {
        var (first, distance) = (0, Math.Max(0, -offset));
        if (bidirectional)
        {
            buckets /= 2;
            (first, distance) = (offset > 0 ? buckets : 0, Math.Abs(offset));
        }

        var exact = buckets / 2;
        if (distance < exact)
        {
            return first + distance;
        }

        // In single precision, as the published models were trained: at exact powers double may fall to the other side.
        var share = MathF.Log(distance / (float)exact) / (float)Math.Log(maxDistance / (double)exact);
        return first + Math.Min(buckets - 1, exact + (int)(share * (buckets - exact)));
    }
}
