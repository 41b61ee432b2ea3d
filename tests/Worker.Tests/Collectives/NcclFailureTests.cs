using Temper.Worker.Collectives;
using Temper.Worker.Collectives.Nccl;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Collectives;

public class NcclFailureTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(500);

    // Where ranks have to meet within it: what the roll call takes of it at most.
    private static readonly TimeSpan s_patient = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 0)]
    public void A_rank_whose_library_fails_says_so_and_all_others_name_it_at_once(int worldSize, int failing)
    {
        using var nccl = new LoopbackNccl(worldSize, $"rank={failing},op=allreduce,call=1,kind=error");
        using var ranks = nccl.Connect();
        ranks.OnAll(Sum);

        var failures = ranks.FailuresOf(rank => Sum(rank));

        const string Trouble = "NCCL says 'unhandled system error: a fault that was asked for'.";
        foreach (var (rank, failure) in failures.Index())
        {
            Assert.Equal(failing, failure!.Peer);
            Assert.StartsWith($"Rank {rank} of {worldSize}, all-reduce of 1000 floats with NCCL (call 1): ", failure.Message, StringComparison.Ordinal);
            Assert.Contains(rank == failing ? $"(call 1): {Trouble}" : $"Rank {failing} is to blame: {Trouble}", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_rank_that_is_stuck_in_the_library_does_not_answer_the_roll_call_and_is_named()
    {
        using var nccl = new LoopbackNccl(3, "rank=1,op=allreduce,call=0,kind=hang");
        var ranks = nccl.Connect(s_patient);
        // Never comes back; ends with this process.
        new Thread(() => Sum(ranks.All[1])) { IsBackground = true }.Start();

        var failures = LoopbackRing.InParallel(2, i => Assert.Throws<CollectiveException>(() => Sum(ranks.All[2 * i])));

        Assert.Equal([1, 1], failures.Select(failure => failure.Peer));
        Assert.Contains("(call 0): it did not end within 00:00:05.", failures[0].Message + failures[1].Message, StringComparison.Ordinal);
        Assert.Contains("rank 1 did not enter this call", failures[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_all_ranks_wait_and_none_knows_why_nobody_is_blamed()
    {
        using var nccl = new LoopbackNccl(3, "rank=1,op=allreduce,call=0,kind=stall");
        using var ranks = nccl.Connect(s_patient);

        var failures = ranks.FailuresOf(rank => Sum(rank));

        Assert.All(failures, failure => Assert.Equal(-1, failure!.Peer));
        Assert.All(failures, failure => Assert.Contains("All ranks are there, and none knows why", failure!.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_rank_that_cannot_join_is_named_by_all()
    {
        using var nccl = new LoopbackNccl(3, "rank=2,op=init,kind=error");

        var failures = LoopbackRing.InParallel(3, rank => Assert.Throws<CollectiveException>(() => nccl.Join(rank)));

        Assert.All(failures, failure => Assert.Equal(2, failure.Peer));
        Assert.StartsWith("Rank 0 of 3, joining NCCL: another rank gave up. Rank 2 is to blame: NCCL says 'unhandled system error'.", failures[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_that_never_joins_is_named_by_the_deadline()
    {
        using var nccl = new LoopbackNccl(2, "rank=1,op=init,kind=hang", s_short);
        new Thread(() => nccl.Join(1)) { IsBackground = true }.Start();

        var failure = Assert.Throws<CollectiveException>(() => nccl.Join(0));

        Assert.Equal(1, failure.Peer);
        Assert.StartsWith("Rank 0 of 2, joining NCCL: it did not end within 00:00:00.5000000.", failure.Message, StringComparison.Ordinal);
        Assert.Contains("rank 1 did not enter this call", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_farewell_that_hangs_is_left_behind()
    {
        using var nccl = new LoopbackNccl(2, "rank=0,op=abort,kind=hang");
        using var ranks = nccl.Connect(s_short);

        var failure = LoopbackRing.InParallel(1, _ => Assert.Throws<CollectiveException>(() => Sum(ranks.All[0]))).Single();

        Assert.Equal(1, failure.Peer);
    }

    [Fact]
    public void A_library_that_is_missing_or_is_another_says_what_to_do()
    {
        var missing = Assert.Throws<PlatformNotSupportedException>(() => NcclLibrary.Open("/nowhere/libnccl.so.2"));
        var other = Assert.Throws<PlatformNotSupportedException>(() => NcclLibrary.Open("libc.so.6"));

        Assert.StartsWith("NCCL does not load from '/nowhere/libnccl.so.2': ", missing.Message, StringComparison.Ordinal);
        Assert.EndsWith("name its path in TEMPER_NCCL; or ask for collective ring.", missing.Message, StringComparison.Ordinal);
        Assert.Contains("ncclGetUniqueId", other.Message, StringComparison.Ordinal);
    }

    private static int Sum(ICollective rank)
    {
        using var values = zeros(1000);
        rank.SumTensor(values);
        return 0;
    }
}
