using Temper.Worker.Collectives;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Collectives;

public class RingCollectiveTests
{
    private const int FloatsPerChunk = Link.ChunkBytes / sizeof(float);

    [Fact]
    public void A_sum_allocates_nothing_after_the_first()
    {
        using var ring = new LoopbackRing(3);

        var allocated = ring.OnAll(rank =>
        {
            var values = new float[(3 * FloatsPerChunk) + 7];
            rank.AllReduceSum(values);
            rank.AllReduceSum(values);
            // The least of several: a collection that falls between two readings counts what is left of the thread's allocation window. The next one
            // finds none, as long as nothing is allocated here.
            var least = long.MaxValue;
            for (var i = 0; i < 5; i++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                rank.AllReduceSum(values);
                rank.AllReduceSum(values);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            return least;
        });

        Assert.Equal([0L, 0L, 0L], allocated);
    }

    [Fact]
    public void A_single_rank_has_its_own_bytes_and_its_own_sum()
    {
        TorchLibrary.Load();
        using var single = new SingleCollective();
        using var values = tensor(new float[] { 1, 2 });

        single.SumTensor(values);

        Assert.Equal([1, 2], values.data<float>().ToArray());
        Assert.Equal([[3]], single.AllGather([3]));
    }
}
