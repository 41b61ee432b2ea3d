using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Temper.Worker.Collectives;

namespace Temper.Worker.Tests.Collectives;

public class RingFailureTests
{
    // Far more than both send and receive buffers of the kernel take.
    private const int ManyFloats = 8 * 1024 * 1024;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_rank_that_closes_is_named_by_all_others_at_once(int closing)
    {
        using var ring = new LoopbackRing(4);
        var clock = Stopwatch.StartNew();

        var failures = ring.FailuresOf(rank =>
        {
            if (rank.Rank == closing)
            {
                rank.Dispose();
            }
            else
            {
                rank.AllReduceSum(new float[ManyFloats]);
            }
        });

        Assert.True(clock.Elapsed < LoopbackRing.Generous / 2, $"took {clock.Elapsed}");
        foreach (var (rank, failure) in failures.Index().Where(f => f.Index != closing))
        {
            Assert.NotNull(failure);
            Assert.StartsWith($"Rank {rank} of 4, all-reduce of {ManyFloats} floats (call 0)", failure.Message, StringComparison.Ordinal);
            if (Math.Abs(rank - closing) == 1)
            {
                Assert.Equal(closing, failure.Peer);
                Assert.Contains($"rank {closing} closed the connection", failure.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 0)]
    [InlineData(3, 1)]
    [InlineData(4, 3)]
    public void A_rank_that_never_calls_ends_the_call_of_all_others_by_their_deadline(int worldSize, int silent)
    {
        var deadline = TimeSpan.FromSeconds(3);
        using var ring = new LoopbackRing(worldSize, deadline);
        float[][] values = [.. ring.Ranks.Select(_ => new float[ManyFloats])];
        // One that is late itself would be blamed too.
        using var together = new Barrier(worldSize);
        var clock = Stopwatch.StartNew();

        var failures = ring.FailuresOf(rank =>
        {
            together.SignalAndWait();
            if (rank.Rank != silent)
            {
                rank.AllReduceSum(values[rank.Rank]);
            }
        });

        Assert.InRange(clock.Elapsed, deadline, LoopbackRing.Generous);
        var others = failures.Where((_, rank) => rank != silent).ToArray();
        Assert.DoesNotContain(null, others);
        Assert.Contains(others, failure => failure!.Peer == silent);
    }

    [Fact]
    public void A_rank_that_comes_too_late_learns_that_it_was_given_up()
    {
        using var ring = new LoopbackRing(3, TimeSpan.FromSeconds(2));
        ring.FailuresOf(rank =>
        {
            if (rank.Rank != 1)
            {
                rank.AllGather([1]);
            }
        });

        var late = Assert.Throws<CollectiveException>(() => ring.Ranks[1].AllGather([1]));

        Assert.Equal(1, late.Peer);
        Assert.Contains("rank 1 was silent past the deadline", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranks_in_different_operations_name_both()
    {
        using var ring = new LoopbackRing(2);

        var failures = ring.FailuresOf(rank =>
        {
            if (rank.Rank == 0)
            {
                rank.AllReduceSum(new float[ManyFloats]);
            }
            else
            {
                rank.AllGather([1, 2, 3]);
            }
        });

        Assert.All(failures, failure => Assert.Contains($"all-reduce of {ManyFloats} floats (call 0)", failure!.Message, StringComparison.Ordinal));
        Assert.All(failures, failure => Assert.Contains("all-gather among 2 ranks (call 0)", failure!.Message, StringComparison.Ordinal));
        Assert.Equal([1, 0], failures.Select(failure => failure!.Peer));
    }

    [Fact]
    public void Vectors_of_different_lengths_are_not_mixed()
    {
        using var ring = new LoopbackRing(3);

        var failures = ring.FailuresOf(rank => rank.AllReduceSum(new double[rank.Rank == 2 ? 11 : 10]));

        Assert.Contains("rank 2 is out of step: it entered all-reduce of 11 doubles", failures[1]!.Message, StringComparison.Ordinal);
        Assert.Contains("rank 1 is out of step: it entered all-reduce of 10 doubles", failures[2]!.Message, StringComparison.Ordinal);
        Assert.NotNull(failures[0]);
    }

    [Fact]
    public void After_a_failure_every_call_says_what_had_failed()
    {
        using var ring = new LoopbackRing(2);
        ring.Ranks[0].Dispose();
        var first = Assert.Throws<CollectiveException>(() => ring.Ranks[1].AllGather([]));

        var second = Assert.Throws<CollectiveException>(() => ring.Ranks[1].AllReduceSum(new float[1]));

        Assert.Contains(first.Message, second.Message, StringComparison.Ordinal);
        Assert.Equal(0, second.Peer);
    }

    [Fact]
    public void Disposing_twice_is_fine_and_calls_after_it_are_not()
    {
        using var ring = new LoopbackRing(2);

        ring.Dispose();
        ring.Dispose();

        Assert.Throws<ObjectDisposedException>(() => ring.Ranks[0].AllReduceSum(new float[1]));
    }

    [Fact]
    public void A_rank_that_dies_in_the_middle_of_a_call_is_named_with_what_was_done()
    {
        using var ring = OneRankAndItsNeighbour(out var neighbour);
        float[] values = new float[Link.ChunkBytes];
        neighbour.Begin(new Call(Operation.SumFloats, 0, values.Length * sizeof(float)), 0, values.Length * sizeof(float));
        neighbour.Push(new byte[values.Length * sizeof(float)], Link.ChunkBytes);
        neighbour.Dispose();

        var failure = Assert.Throws<CollectiveException>(() => ring.AllReduceSum(values));

        Assert.Equal(0, failure.Peer);
        Assert.Contains("rank 0 closed the connection", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("(0 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_that_stops_in_the_middle_of_a_call_is_blamed_for_that()
    {
        using var ring = OneRankAndItsNeighbour(out var neighbour);
        using var stopped = neighbour;
        ring.CallDeadline = TimeSpan.FromSeconds(2);
        neighbour.Begin(new Call(Operation.SumFloats, 0, sizeof(float)), 0, sizeof(float));
        neighbour.Push([], 0);
        stopped.Socket.Send(new byte[Frame.Bytes / 2].Prepend((byte)FrameKind.Data).ToArray());

        var failure = Assert.Throws<CollectiveException>(() => ring.AllReduceSum(new float[1]));

        Assert.Equal(0, failure.Peer);
        Assert.Contains("rank 0 stopped in the middle of this call", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void A_gather_refuses_an_absurd_length_before_it_makes_room_for_it(long length)
    {
        using var ring = OneRankAndItsNeighbour(out var neighbour);
        using var liar = neighbour;
        neighbour.Begin(new Call(Operation.GatherLengths, 0, 2 * sizeof(long)), 0, sizeof(long));
        neighbour.Push(BitConverter.GetBytes(length), sizeof(long));

        var failure = Assert.Throws<CollectiveException>(() => ring.AllGather([1]));

        Assert.Equal(0, failure.Peer);
        Assert.Contains($"rank 0 wants to give {length} bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gather_refuses_what_no_rank_should_send()
    {
        using var ring = new LoopbackRing(1);

        Assert.Throws<ArgumentOutOfRangeException>(() => ring.Ranks[0].AllGather(new byte[RingCollective.MaxGatherBytes + 1]));
    }

    /// <summary>Rank 1 of 2, and the other end of its connection, which the test plays by hand.</summary>
    private static RingCollective OneRankAndItsNeighbour(out Link neighbour)
    {
        using var listener = RingListener.Open(IPAddress.Loopback);
        var theirs = new Socket(SocketType.Stream, ProtocolType.Tcp);
        theirs.Connect(IPEndPoint.Parse(listener.Address));
        var ours = listener.Socket.Accept();
        (theirs.Blocking, ours.Blocking) = (false, false);
        neighbour = new Link(theirs, 1);
        return new RingCollective(1, 2, LoopbackRing.Generous, new Link(ours, 0), null);
    }
}
