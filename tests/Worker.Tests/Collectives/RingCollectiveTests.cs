using System.Runtime.InteropServices;
using CsCheck;
using Temper.Worker.Collectives;

namespace Temper.Worker.Tests.Collectives;

public class RingCollectiveTests
{
    private const int FloatsPerChunk = Link.ChunkBytes / sizeof(float);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Every_rank_holds_the_sum_in_the_order_of_ranks_bit_for_bit(int worldSize)
    {
        using var ring = new LoopbackRing(worldSize);

        Gen.OneOf(Gen.Int[0, 40], Gen.Int[FloatsPerChunk - 2, FloatsPerChunk + 2], Gen.Int[0, 5 * FloatsPerChunk])
            .Select(Gen.UInt)
            .Sample(
                (length, seed) =>
                {
                    var values = Enumerable.Range(0, worldSize).Select(rank => AnyFloats(length, seed + (uint)rank)).ToArray();
                    var expected = InOrderOfRanks(values);

                    ring.OnAll(rank =>
                    {
                        rank.AllReduceSum(values[rank.Rank]);
                        return 0;
                    });

                    Assert.All(values, sum => Assert.True(Bits(expected).SequenceEqual(Bits(sum))));
                },
                iter: 40,
                threads: 1);
    }

    [Fact]
    public void Sums_of_doubles_keep_the_order_of_ranks()
    {
        using var ring = new LoopbackRing(3);

        var sums = ring.OnAll(rank =>
        {
            double[] values = [new[] { 1e16, 1, -1e16 }[rank.Rank], double.NegativeZero, double.Epsilon];
            rank.AllReduceSum(values);
            return values;
        });

        Assert.All(sums, sum => Assert.Equal([(1e16 + 1) - 1e16, double.NegativeZero, 3 * double.Epsilon], sum));
    }

    [Fact]
    public void A_sum_that_is_not_a_number_has_one_form_whatever_went_in()
    {
        using var ring = new LoopbackRing(2);

        var sums = ring.OnAll(rank =>
        {
            var values = Enumerable.Repeat(BitConverter.UInt32BitsToSingle(rank.Rank == 0 ? 0x7FC0_1234 : 0xFFC0_4321), 9).ToArray();
            rank.AllReduceSum(values);
            return values;
        });

        Assert.All(sums.SelectMany(sum => sum), sum => Assert.Equal(BitConverter.SingleToUInt32Bits(float.NaN), BitConverter.SingleToUInt32Bits(sum)));
    }

    [Fact]
    public void A_sum_allocates_nothing_after_the_first()
    {
        using var ring = new LoopbackRing(3);

        var allocated = ring.OnAll(rank =>
        {
            var values = new float[(3 * FloatsPerChunk) + 7];
            rank.AllReduceSum(values);
            rank.AllReduceSum(values);
            // The least of several: a collection that falls between two readings counts what is left of the thread's allocation window.
            return Enumerable.Range(0, 5).Min(_ => Allocated(() =>
            {
                for (var i = 0; i < 4; i++)
                {
                    rank.AllReduceSum(values);
                }
            }));
        });

        Assert.Equal([0L, 0L, 0L], allocated);
    }

    private static long Allocated(Action work)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_gather_brings_the_bytes_of_every_rank_whatever_their_lengths(int worldSize)
    {
        using var ring = new LoopbackRing(worldSize);

        Gen.OneOf(Gen.Const(0), Gen.Int[1, 100], Gen.Int[1, 3 * Link.ChunkBytes]).Array[worldSize]
            .Sample(
                lengths =>
                {
                    var parts = lengths.Select((length, rank) => Enumerable.Range(0, length).Select(i => (byte)((i * 7) + rank)).ToArray()).ToArray();

                    var gathered = ring.OnAll(rank => rank.AllGather(parts[rank.Rank]));

                    Assert.All(gathered, all => Assert.True(parts.Zip(all, (part, got) => part.AsSpan().SequenceEqual(got)).All(same => same)));
                    Assert.All(gathered, all => Assert.Equal(worldSize, all.Length));
                },
                iter: 20,
                threads: 1);
    }

    [Fact]
    public void A_single_rank_has_its_own_bytes_and_its_own_sum()
    {
        using var single = new SingleCollective();
        float[] values = [1, 2];

        single.AllReduceSum(values);

        Assert.Equal([1, 2], values);
        Assert.Equal([[3]], single.AllGather([3]));
    }

    private static float[] InOrderOfRanks(float[][] values)
    {
        var sum = values[0].ToArray();
        foreach (var next in values.Skip(1))
        {
            for (var i = 0; i < sum.Length; i++)
            {
                var s = sum[i] + next[i];
                sum[i] = float.IsNaN(s) ? float.NaN : s;
            }
        }

        return sum;
    }

    /// <summary>All kinds of floats: any bits (NaNs, denormals, infinities among them), and numbers near one whose sums round.</summary>
    private static float[] AnyFloats(int length, uint seed)
    {
        var random = new Random((int)seed);
        var values = new float[length];
        random.NextBytes(MemoryMarshal.AsBytes(values.AsSpan()));
        for (var i = 0; i < length; i++)
        {
            values[i] = random.Next(8) switch
            {
                0 => values[i],
                1 => float.PositiveInfinity,
                2 => float.NegativeInfinity,
                3 => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(values[i]) & 0x807F_FFFF),
                _ => random.NextSingle() - 0.5f,
            };
        }

        return values;
    }

    private static ReadOnlySpan<uint> Bits(float[] values) => MemoryMarshal.Cast<float, uint>(values);
}
