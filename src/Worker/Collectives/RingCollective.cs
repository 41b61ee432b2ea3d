using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Temper.Worker.Devices;
using static TorchSharp.torch;

namespace Temper.Worker.Collectives;

/// <summary>
/// Sums and gathers over TCP, for ranks on CPUs. The ranks stand in a row, each connected to its neighbours: a ring that is left open,
/// since sums in the order of ranks have a first and a last rank.
/// </summary>
/// <remarks>
/// <para>
/// A sum travels up the row in chunks: rank 0 sends its values, rank 1 adds its own and sends the sum on, and so forth, which is
/// ((r0 + r1) + r2) + … for every element, however long the chunks are and whoever is late. The last rank has the result and sends it
/// down again over the same connections, whose other direction is idle: both flows run at once, a chunk apart.
/// Each element is added up in one place and copied from there, so all ranks hold the same bits. A sum that is not a number is
/// <c>NaN</c> in its one canonical form, since processors differ in which payload survives an addition.
/// </para>
/// <para>
/// Cost for n ranks and a vector of N bytes: the two ends send and receive N bytes each, ranks between them 2N; the time is that of 2N at one
/// network interface (N with two ranks, where it is the least possible) plus 2(n − 1) chunks to fill the pipe. The usual ring that scatters and
/// gathers takes 2N(n − 1)/n, but adds each segment in another order. See docs/decisions/0002-sums-run-in-the-order-of-ranks.md.
/// </para>
/// <para>
/// Everything runs on the calling thread over non-blocking sockets. The deadline covers a whole call, the wait for the slowest rank included.
/// A rank that fails tells its neighbours whom it blames where the connection still takes it, and closes: the failure runs along the row.
/// </para>
/// </remarks>
public sealed class RingCollective : ICollective
{
    /// <summary>Most bytes that one rank may give to <see cref="AllGather"/>: it is for metrics and hashes, not for weights.</summary>
    public const int MaxGatherBytes = 256 * 1024 * 1024;

    // A span of bytes has an int for its length.
    private const int MaxSumBytes = 1 << 30;

    // Socket.Select counts microseconds in an int; a longer wait is several of these.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LongestDeadline = TimeSpan.FromDays(1);

    private const int TroubleBytes = 512;

    // Much longer than ranks that all wait take to see each other's call.
    private static readonly TimeSpan RollCallTime = TimeSpan.FromSeconds(5);

    private readonly Link? _left;
    private readonly Link? _right;
    private readonly byte[] _scratch;
    private readonly List<Socket> _toRead = new(2);
    private readonly List<Socket> _toWrite = new(2);
    private uint _sequence;
    private int _reduced;
    private int _scratchBytes;
    private bool _isDisposed;
    private CollectiveException? _failure;

    internal RingCollective(int rank, int worldSize, TimeSpan deadline, Link? left, Link? right)
    {
        (Rank, WorldSize, CallDeadline, _left, _right) = (rank, worldSize, deadline, left, right);
        _scratch = GC.AllocateUninitializedArray<byte>(Link.ChunkBytes);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int WorldSize { get; }

    /// <summary>How long each call may take, the wait for the slowest rank included. What <see cref="Connect"/> was given, unless set.</summary>
    public TimeSpan CallDeadline
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, LongestDeadline);
            field = value;
        }
    }

    /// <summary>Meets the neighbours and returns when this rank is connected to both. Blocks the calling thread; closes the listener in any case.</summary>
    /// <param name="listener">This rank's listener, whose address stands in <paramref name="addresses"/>.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="addresses">The published addresses in the order of ranks; their number is the world size.</param>
    /// <param name="secret">The secret of this epoch, the same on all ranks and known to nobody else.</param>
    /// <param name="session">Run and epoch: a rank of an older epoch is turned away by it.</param>
    /// <param name="deadline">How long the connector may take, and later each call; at most a day.</param>
    /// <param name="ct">Ends the connector early; later calls end by their deadline only.</param>
    /// <exception cref="CollectiveException">A neighbour did not come, is gone, or is not who it should be.</exception>
    public static RingCollective Connect(
        RingListener listener, int rank, IReadOnlyList<string> addresses, byte[] secret, string session, TimeSpan deadline, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(listener);
        using var own = listener;
        ArgumentNullException.ThrowIfNull(addresses);
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentException.ThrowIfNullOrEmpty(session);
        ArgumentOutOfRangeException.ThrowIfZero(secret.Length, nameof(secret));
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, addresses.Count);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(deadline, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(deadline, LongestDeadline);

        try
        {
            using var connector = new RingConnector(listener, rank, addresses, new RingTerms(session, addresses.Count, secret), deadline);
            var (left, right) = connector.Connect(ct);
            return new RingCollective(rank, addresses.Count, deadline, left, right);
        }
        catch (LinkFailure failure)
        {
            throw new CollectiveException(
                $"Rank {rank} of {addresses.Count}, connector of session '{session}': {failure.Message}.", failure.Blamed, failure);
        }
    }

    /// <summary>Sums in the order of ranks. A tensor that is not memory of this process is copied to it and back.</summary>
    /// <inheritdoc/>
    public void SumTensor(Tensor values)
    {
        if (values.IsOnHost())
        {
            AllReduceSum(values.Floats());
            return;
        }

        using var copy = values.ToHost();
        AllReduceSum(copy.Floats());
        values.copy_(copy);
    }

    /// <summary>Replaces <paramref name="values"/> by its element-wise sum over all ranks. The length is the same on all ranks.</summary>
    public void AllReduceSum(Span<float> values)
    {
        const int Most = MaxSumBytes / sizeof(float);
        for (; values.Length > Most; values = values[Most..])
        {
            Sum(Operation.SumFloats, MemoryMarshal.AsBytes(values[..Most]), RankOrderSums.Floats);
        }

        Sum(Operation.SumFloats, MemoryMarshal.AsBytes(values), RankOrderSums.Floats);
    }

    /// <inheritdoc/>
    public void AllReduceSum(Span<double> values)
    {
        const int Most = MaxSumBytes / sizeof(double);
        for (; values.Length > Most; values = values[Most..])
        {
            Sum(Operation.SumDoubles, MemoryMarshal.AsBytes(values[..Most]), RankOrderSums.Doubles);
        }

        Sum(Operation.SumDoubles, MemoryMarshal.AsBytes(values), RankOrderSums.Doubles);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> are more than <see cref="MaxGatherBytes"/>.</exception>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxGatherBytes, nameof(bytes));
        Span<long> lengths = WorldSize <= 64 ? stackalloc long[WorldSize] : new long[WorldSize];
        lengths.Clear();
        lengths[Rank] = bytes.Length;
        Gather(Operation.GatherLengths, MemoryMarshal.AsBytes(lengths), Rank * sizeof(long), (Rank + 1) * sizeof(long));

        var (start, total) = (0, 0);
        for (var rank = 0; rank < WorldSize; rank++)
        {
            if (lengths[rank] is < 0 or > MaxGatherBytes || lengths[rank] > Array.MaxLength - total)
            {
                var what = $"rank {rank} wants to give {lengths[rank]} bytes, where {MaxGatherBytes} each and {Array.MaxLength} together are the most";
                throw Fail(new LinkFailure(FailureCause.OutOfStep, rank, what), CallOf(Operation.GatherLengths, WorldSize * sizeof(long)));
            }

            start = rank == Rank ? total : start;
            total += (int)lengths[rank];
        }

        var all = GC.AllocateUninitializedArray<byte>(total);
        bytes.CopyTo(all.AsSpan(start));
        Gather(Operation.GatherBytes, all, start, start + bytes.Length);
        return Split(all, lengths);
    }

    /// <summary>Between two calls: whether a neighbour has called the roll, given up, or gone.</summary>
    internal bool IsNeighbourInTrouble => _left?.IsInTrouble() == true || _right?.IsInTrouble() == true;

    /// <summary>Asks all ranks what troubles them, with little patience; a rank that does not answer is named by the exception.</summary>
    /// <param name="trouble">This rank's trouble; empty if it has none.</param>
    /// <returns>Everybody's, in the order of ranks; what is longer than <see cref="TroubleBytes"/> is cut.</returns>
    internal string[] RollCall(string trouble)
    {
        Span<byte> own = stackalloc byte[TroubleBytes];
        own.Clear();
        Utf8.FromUtf16(trouble, own, out _, out _);
        var all = new byte[TroubleBytes * WorldSize];
        own.CopyTo(all.AsSpan(Rank * TroubleBytes));
        this.WithDeadline(TimeSpan.FromTicks(Math.Min(RollCallTime.Ticks, CallDeadline.Ticks)), _ =>
        {
            Gather(Operation.RollCall, all, Rank * TroubleBytes, (Rank + 1) * TroubleBytes);
            return 0;
        });
        return [.. all.Chunk(TroubleBytes).Select(bytes => Encoding.UTF8.GetString(bytes).TrimEnd('\0'))];
    }

    /// <summary>Closes the connections. Neighbours that still wait for this rank learn that it closed them.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        Close();
    }

    private static byte[][] Split(ReadOnlySpan<byte> all, ReadOnlySpan<long> lengths)
    {
        var parts = new byte[lengths.Length][];
        for (var rank = 0; rank < parts.Length; rank++)
        {
            parts[rank] = all[..(int)lengths[rank]].ToArray();
            all = all[(int)lengths[rank]..];
        }

        return parts;
    }

    private void Sum(Operation operation, Span<byte> values, RankOrderSum sum) =>
        Exchange(CallOf(operation, values.Length), values, new Flow(0.., 0.., 0.., 0..), sum);

    /// <summary>Up the row go the bytes of the lower ranks and the own ones, down the row those of the higher ranks and the own ones.</summary>
    private void Gather(Operation operation, Span<byte> all, int ownStart, int ownEnd) =>
        Exchange(CallOf(operation, all.Length), all, new Flow(..ownStart, ..ownEnd, ownEnd.., ownStart..), sum: null);

    private Call CallOf(Operation operation, int bytes) => new(operation, _sequence, bytes);

    private void Exchange(in Call call, Span<byte> all, in Flow flow, RankOrderSum? sum)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is not null)
        {
            throw new CollectiveException($"Rank {Rank}, {call}: the exchange had failed before. {_failure.Message}", _failure.Peer, _failure);
        }

        try
        {
            var deadline = Deadline.After(CallDeadline);
            (_reduced, _scratchBytes) = (0, 0);
            _left?.Begin(call, all[flow.FromLeft].Length, all[flow.ToLeft].Length);
            _right?.Begin(call, all[flow.FromRight].Length, all[flow.ToRight].Length);
            while (!IsComplete(_left) || !IsComplete(_right))
            {
                var moved = Move(all, flow, sum);
                if (deadline.Passed && (!IsComplete(_left) || !IsComplete(_right)))
                {
                    throw Late();
                }

                if (!moved)
                {
                    Wait(deadline, ReadyForLeft(all, flow, sum), ReadyForRight(all, flow, sum));
                }
            }

            _sequence = unchecked(_sequence + 1);
        }
        catch (LinkFailure failure)
        {
            throw Fail(Sharpen(failure), call);
        }
    }

    private bool Move(Span<byte> all, in Flow flow, RankOrderSum? sum)
    {
        var moved = false;
        if (_left is { } left)
        {
            moved |= !left.HasReceived && (sum is null ? left.Pull(all[flow.FromLeft][left.Received..]) : PullPartialSums(left, all, sum));
            moved |= Push(left, all[flow.ToLeft], ReadyForLeft(all, flow, sum));
        }

        if (_right is { } right)
        {
            moved |= !right.HasReceived && right.Pull(all[flow.FromRight][right.Received..]);
            moved |= Push(right, all[flow.ToRight], ReadyForRight(all, flow, sum));
        }

        return moved;
    }

    private bool PullPartialSums(Link left, Span<byte> values, RankOrderSum sum)
    {
        var before = left.Received;
        var moved = left.Pull(_scratch.AsSpan(_scratchBytes));
        _scratchBytes += left.Received - before;
        if (_scratchBytes > 0 && left.ChunkBytesToCome == 0)
        {
            sum(_scratch.AsSpan(0, _scratchBytes), values.Slice(_reduced, _scratchBytes));
            _reduced += _scratchBytes;
            _scratchBytes = 0;
        }

        return moved;
    }

    private bool Push(Link link, ReadOnlySpan<byte> bytes, int ready)
    {
        try
        {
            return link.Push(bytes, ready);
        }
        catch (LinkFailure failure)
        {
            throw link.LastWords(_scratch) ?? failure;
        }
    }

    /// <summary>How much may go up the row: what is summed up to here, or what of the lower ranks has come, then the own bytes.</summary>
    private int ReadyForRight(ReadOnlySpan<byte> all, in Flow flow, RankOrderSum? sum) =>
        _left is null ? all[flow.ToRight].Length
        : sum is not null ? _reduced
        : _left.HasReceived ? all[flow.ToRight].Length
        : _left.Received;

    /// <summary>How much may go down the row: what is final, or the own bytes, then what of the higher ranks has come.</summary>
    private int ReadyForLeft(ReadOnlySpan<byte> all, in Flow flow, RankOrderSum? sum) =>
        _right is null ? (sum is null ? all[flow.ToLeft].Length : _reduced)
        : sum is not null ? _right.Received
        : all[flow.ToLeft].Length - all[flow.FromRight].Length + _right.Received;

    private void Wait(Deadline deadline, int readyForLeft, int readyForRight)
    {
        _toRead.Clear();
        _toWrite.Clear();
        WaitFor(_left, readyForLeft);
        WaitFor(_right, readyForRight);
        Socket.Select(_toRead, _toWrite, null, deadline.Microseconds(LongestWait));
    }

    private void WaitFor(Link? link, int ready)
    {
        if (link is null)
        {
            return;
        }

        if (!link.HasReceived)
        {
            _toRead.Add(link.Socket);
        }

        if (link.WantsToSend(ready))
        {
            _toWrite.Add(link.Socket);
        }
    }

    private static bool IsComplete(Link? link) => link is null || (link.HasReceived && link.HasSent);

    /// <summary>Whom to blame when the deadline has passed: the neighbour that shows no sign of life, if there is one.</summary>
    private LinkFailure Late()
    {
        foreach (var link in Links())
        {
            if (!link.Announced)
            {
                return Silent(link.Peer, $"rank {link.Peer} did not enter this call within {CallDeadline}; it is stopped, unreachable, or slower than the deadline allows");
            }
        }

        foreach (var link in Links())
        {
            if (link.IsMidSend || link.IsMidReceive)
            {
                return Silent(link.Peer, $"rank {link.Peer} stopped in the middle of this call, which did not end within {CallDeadline}; it is stopped or unreachable, or the network is slower than the deadline allows");
            }
        }

        return Silent(-1, $"the call did not end within {CallDeadline}; the neighbours are in it and wait too, so look at the ranks beyond them");

        static LinkFailure Silent(int blamed, string what) => new(FailureCause.Silent, blamed, what);
    }

    /// <summary>A rank further off may only know that somebody is missing; this one sees whether it is its own neighbour.</summary>
    private LinkFailure Sharpen(LinkFailure failure) =>
        failure is { NoticedBy: >= 0, Blamed: < 0 } && Links().FirstOrDefault(link => !link.Announced) is { } missing
            ? new LinkFailure(failure.Cause, missing.Peer, $"{failure.Message}; rank {missing.Peer} has not entered this call") { NoticedBy = failure.NoticedBy }
            : failure;

    private CollectiveException Fail(LinkFailure failure, in Call call)
    {
        var bytes = Links().Sum(link => (long)link.Sent + link.Received);
        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"Rank {Rank} of {WorldSize}, {call}: {failure.Message} ({bytes} bytes were exchanged in this call). The connections are closed; the run goes on with a new epoch.");
        _failure = new CollectiveException(message, failure.Blamed, failure);

        var abort = Frame.Abort(failure.Cause, failure.Blamed, failure.NoticedBy >= 0 ? failure.NoticedBy : Rank);
        foreach (var link in Links())
        {
            link.TryAbort(abort);
        }

        Close();
        return _failure;
    }

    private IEnumerable<Link> Links() => new[] { _left, _right }.OfType<Link>();

    private void Close()
    {
        _left?.Dispose();
        _right?.Dispose();
    }

    /// <summary>Which bytes of a call come and go over which link.</summary>
    private readonly record struct Flow(Range FromLeft, Range ToRight, Range FromRight, Range ToLeft);
}
