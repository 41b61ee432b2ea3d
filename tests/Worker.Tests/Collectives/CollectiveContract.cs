using System.Runtime.InteropServices;
using CsCheck;
using Temper.Worker.Collectives;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Collectives;

/// <summary>What every exchange between ranks must do; one class derives from it for each kind.</summary>
public abstract class CollectiveContract
{
    private const int FloatsPerChunk = Link.ChunkBytes / sizeof(float);

    static CollectiveContract() => TorchLibrary.Load();

    private protected abstract Ranks Connect(int worldSize, TimeSpan? callDeadline = null);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Every_rank_holds_the_sum_in_the_order_of_ranks_bit_for_bit(int worldSize)
    {
        using var ranks = Connect(worldSize);

        Gen.OneOf(Gen.Int[0, 40], Gen.Int[FloatsPerChunk - 2, FloatsPerChunk + 2], Gen.Int[0, 5 * FloatsPerChunk])
            .Select(Gen.UInt)
            .Sample(
                (length, seed) =>
                {
                    var values = Enumerable.Range(0, worldSize).Select(rank => AnyFloats(length, seed + (uint)rank)).ToArray();
                    var expected = InOrderOfRanks(values);

                    var sums = ranks.OnAll(rank => SumOf(rank, values[rank.Rank]));

                    Assert.All(sums, sum => Assert.True(Bits(expected).SequenceEqual(Bits(sum))));
                },
                iter: 25,
                threads: 1);
    }

    [Fact]
    public void A_part_of_a_tensor_is_summed_where_it_lies_and_nothing_else_of_it()
    {
        using var ranks = Connect(2);

        var sums = ranks.OnAll(rank =>
        {
            using var whole = arange(10, ScalarType.Float32);
            using var part = whole.narrow(0, 3, 4);
            rank.SumTensor(part);
            return whole.data<float>().ToArray();
        });

        Assert.All(sums, sum => Assert.Equal([0, 1, 2, 6, 8, 10, 12, 7, 8, 9], sum));
    }

    [Fact]
    public void Sums_of_doubles_keep_the_order_of_ranks()
    {
        using var ranks = Connect(3);

        var sums = ranks.OnAll(rank =>
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
        using var ranks = Connect(2);

        var sums = ranks.OnAll(rank => SumOf(rank, Enumerable.Repeat(BitConverter.UInt32BitsToSingle(rank.Rank == 0 ? 0x7FC0_1234 : 0xFFC0_4321), 9).ToArray()));

        Assert.All(sums.SelectMany(sum => sum), sum => Assert.Equal(BitConverter.SingleToUInt32Bits(float.NaN), BitConverter.SingleToUInt32Bits(sum)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_gather_brings_the_bytes_of_every_rank_whatever_their_lengths(int worldSize)
    {
        using var ranks = Connect(worldSize);

        Gen.OneOf(Gen.Const(0), Gen.Int[1, 100], Gen.Int[1, 3 * Link.ChunkBytes]).Array[worldSize]
            .Sample(
                lengths =>
                {
                    var parts = lengths.Select((length, rank) => Enumerable.Range(0, length).Select(i => (byte)((i * 7) + rank)).ToArray()).ToArray();

                    var gathered = ranks.OnAll(rank => rank.AllGather(parts[rank.Rank]));

                    Assert.All(gathered, all => Assert.True(parts.Zip(all, (part, got) => part.AsSpan().SequenceEqual(got)).All(same => same)));
                    Assert.All(gathered, all => Assert.Equal(worldSize, all.Length));
                },
                iter: 20,
                threads: 1);
    }

    [Fact]
    public void Calls_of_all_kinds_follow_each_other_however_fast_a_rank_is()
    {
        using var ranks = Connect(3);

        var results = ranks.OnAll(rank =>
        {
            var seen = new List<double>();
            for (var i = 0; i < 100; i++)
            {
                double[] counts = [i];
                seen.Add(SumOf(rank, [i, 1])[0]);
                rank.AllReduceSum(counts);
                seen.Add(counts[0]);
                seen.Add(rank.AllGather([(byte)rank.Rank]).Sum(bytes => bytes[0]));
            }

            return seen;
        });

        Assert.All(results, seen => Assert.Equal(Enumerable.Range(0, 100).SelectMany(i => new[] { 3.0 * i, 3 * i, 3 }), seen));
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    public void A_rank_that_never_calls_is_named_by_the_deadline(int worldSize, int silent)
    {
        using var ranks = Connect(worldSize, TimeSpan.FromMilliseconds(300));

        var failures = ranks.FailuresOf(rank =>
        {
            if (rank.Rank != silent)
            {
                SumOf(rank, new float[1000]);
            }
        });

        Assert.Null(failures[silent]);
        var others = failures.Where((_, rank) => rank != silent).ToList();
        Assert.All(others, failure => Assert.Contains($"of {worldSize}, all-reduce of 1000 floats", failure!.Message, StringComparison.Ordinal));
        Assert.Contains(others, failure => failure!.Peer == silent && failure.Message.Contains($"rank {silent} did not enter", StringComparison.Ordinal));
    }

    [Fact]
    public void A_rank_that_goes_is_named_by_its_neighbours_long_before_the_deadline()
    {
        using var ranks = Connect(3);

        var failures = ranks.FailuresOf(rank =>
        {
            if (rank.Rank == 1)
            {
                rank.Dispose();
            }
            else
            {
                SumOf(rank, new float[1000]);
            }
        });

        Assert.Equal([1, 1], new[] { failures[0]!.Peer, failures[2]!.Peer });
        Assert.Contains("rank 1 closed the connection", failures[0]!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_failure_every_call_says_what_had_failed()
    {
        using var ranks = Connect(2, TimeSpan.FromMilliseconds(300));
        var first = Assert.Throws<CollectiveException>(() => SumOf(ranks.All[1], [1]));

        var second = Assert.Throws<CollectiveException>(() => ranks.All[1].AllGather([]));
        var third = Assert.Throws<CollectiveException>(() => SumOf(ranks.All[1], [1]));

        Assert.Contains(first.Message, second.Message, StringComparison.Ordinal);
        Assert.Contains(first.Message, third.Message, StringComparison.Ordinal);
        Assert.Equal(0, third.Peer);
    }

    [Fact]
    public void Disposing_twice_is_fine_and_calls_after_it_are_not()
    {
        using var ranks = Connect(2);

        ranks.Dispose();
        ranks.Dispose();

        Assert.Throws<ObjectDisposedException>(() => SumOf(ranks.All[0], [1]));
        Assert.Throws<ObjectDisposedException>(() => ranks.All[0].AllGather([]));
    }

    /// <summary>The sum of all ranks' values, by way of a tensor.</summary>
    private protected static float[] SumOf(ICollective rank, float[] values)
    {
        using var flat = tensor(values);
        rank.SumTensor(flat);
        return flat.data<float>().ToArray();
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
