using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Temper.TestKit;
using Temper.Worker.Collectives;

namespace Temper.Worker.Tests.Collectives;

public class RingConnectorTests
{
    // How long rank 1 waits in vain for a rank 0 that it trusts, which is turned away at once.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);

    [Fact]
    public void Strangers_who_talk_nonsense_or_nothing_disturb_nobody()
    {
        var listeners = LoopbackRing.Listeners(2);
        var addresses = listeners.Select(listener => listener.Address).ToArray();
        using var silent = Stranger(addresses[1], []);
        using var browser = Stranger(addresses[1], "GET / HTTP/1.1\r\nHost: somewhere.example\r\nAccept: */*\r\nUser-Agent: a-stranger/1.0\r\n\r\n"u8);
        using var half = Stranger(addresses[1], "TemprRng"u8);
        using var gone = Stranger(addresses[1], [0]);
        gone.Close();

        var ranks = LoopbackRing.InParallel(2, rank => Join(listeners[rank], rank, addresses, LoopbackRing.Generous));

        var gathered = LoopbackRing.InParallel(2, rank => ranks[rank].AllGather([(byte)rank]));
        Assert.All(gathered, all => Assert.Equal([[0], [1]], all));
        Array.ForEach(ranks, rank => rank.Dispose());
    }

    [Theory]
    [InlineData("wrong secret", "rank 1 at ", "does not hold this epoch's secret")]
    [InlineData("wrong session", "rank 1 at ", "it is in another session (run or epoch)")]
    public void A_rank_with_another_secret_or_session_is_turned_away(string what, string who, string why)
    {
        var listeners = LoopbackRing.Listeners(2);
        var addresses = listeners.Select(listener => listener.Address).ToArray();

        var failures = LoopbackRing.InParallel(2, rank => Assert.Throws<CollectiveException>(() => RingCollective.Connect(
            listeners[rank],
            rank,
            addresses,
            rank == 0 && what == "wrong secret" ? [9] : LoopbackRing.Secret,
            rank == 0 && what == "wrong session" ? "run-7/epoch-2" : LoopbackRing.Session,
            rank == 0 ? LoopbackRing.Generous : Short,
            CancellationToken.None)));

        Assert.Contains(who, failures[0].Message, StringComparison.Ordinal);
        Assert.Contains(why, failures[0].Message, StringComparison.Ordinal);
        Assert.Contains("rank 0 did not connect within 00:00:05, though a stranger", failures[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stale_epoch_does_not_keep_the_right_neighbour_out()
    {
        var listeners = LoopbackRing.Listeners(2);
        using var staleListener = RingListener.Open(IPAddress.Loopback);
        var addresses = listeners.Select(listener => listener.Address).ToArray();

        var ends = LoopbackRing.InParallel<object>(3, who => who switch
        {
            2 => Assert.Throws<CollectiveException>(() => RingCollective.Connect(
                staleListener, 0, addresses, [7, 7], "run-7/epoch-2", LoopbackRing.Generous, CancellationToken.None)),
            _ => Join(listeners[who], who, addresses, LoopbackRing.Generous),
        });

        var gathered = LoopbackRing.InParallel(2, rank => ((RingCollective)ends[rank]).AllGather([(byte)rank]));
        Assert.All(gathered, all => Assert.Equal([[0], [1]], all));
        Array.ForEach(ends, end => (end as IDisposable)?.Dispose());
    }

    [Fact]
    public void Ranks_that_count_differently_are_told_so()
    {
        var listeners = LoopbackRing.Listeners(3);
        var addresses = listeners.Select(listener => listener.Address).ToArray();

        var failures = LoopbackRing.InParallel(2, rank =>
            Assert.Throws<CollectiveException>(() => Join(listeners[rank], rank, rank == 0 ? addresses : addresses[..2], rank == 0 ? LoopbackRing.Generous : Short)));

        Assert.Contains("it counts another number of ranks", failures[0].Message, StringComparison.Ordinal);
        listeners[2].Dispose();
    }

    [Fact]
    public void A_neighbour_whose_listener_is_gone_is_named_at_once()
    {
        var listener = RingListener.Open(IPAddress.Loopback);
        using var gone = new ReservedPort();
        string[] addresses = [listener.Address, $"127.0.0.1:{gone}"];
        var clock = Stopwatch.StartNew();

        var failure = Assert.Throws<CollectiveException>(() => Join(listener, 0, addresses, LoopbackRing.Generous));

        Assert.Equal(1, failure.Peer);
        Assert.Contains(addresses[1], failure.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionRefused", failure.Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < LoopbackRing.Generous / 2);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void A_neighbour_that_never_comes_is_named_by_the_deadline(int present, int absent)
    {
        var listeners = LoopbackRing.Listeners(2);
        var addresses = listeners.Select(listener => listener.Address).ToArray();

        var failure = Assert.Throws<CollectiveException>(() => Join(listeners[present], present, addresses, TimeSpan.FromMilliseconds(200)));

        Assert.Equal(absent, failure.Peer);
        listeners[absent].Dispose();
    }

    [Fact]
    public void A_rendezvous_can_be_cancelled()
    {
        var listeners = LoopbackRing.Listeners(2);
        var addresses = listeners.Select(listener => listener.Address).ToArray();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        Assert.Throws<OperationCanceledException>(() => RingCollective.Connect(
            listeners[1], 1, addresses, LoopbackRing.Secret, LoopbackRing.Session, LoopbackRing.Generous, stop.Token));
        listeners[0].Dispose();
    }

    [Fact]
    public void The_advertised_host_stands_in_the_address()
    {
        using var named = RingListener.Open(IPAddress.Any, "worker-0.workers");
        using var six = RingListener.Open(IPAddress.Loopback, "fd00::1");

        Assert.Matches("^worker-0\\.workers:[0-9]+$", named.Address);
        Assert.Matches("^\\[fd00::1\\]:[0-9]+$", six.Address);
        Assert.Throws<ArgumentException>(() => RingListener.Open(IPAddress.Any));
    }

    [Fact]
    public void Ranks_meet_by_host_name()
    {
        RingListener[] listeners = [RingListener.Open(IPAddress.Loopback, "localhost"), RingListener.Open(IPAddress.Loopback, "localhost")];
        var addresses = listeners.Select(listener => listener.Address).ToArray();

        var ranks = LoopbackRing.InParallel(2, rank => Join(listeners[rank], rank, addresses, LoopbackRing.Generous));

        Array.ForEach(ranks, rank => rank.Dispose());
    }

    private static RingCollective Join(RingListener listener, int rank, IReadOnlyList<string> addresses, TimeSpan deadline) =>
        RingCollective.Connect(listener, rank, addresses, LoopbackRing.Secret, LoopbackRing.Session, deadline, CancellationToken.None);

    private static Socket Stranger(string address, ReadOnlySpan<byte> says)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPEndPoint.Parse(address));
        socket.Send(says);
        return socket;
    }
}
