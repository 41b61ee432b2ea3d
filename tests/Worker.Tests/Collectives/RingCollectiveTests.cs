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
