using System.Globalization;
using Temper.Worker.Devices;
using static TorchSharp.torch;

namespace Temper.Worker.Collectives.Nccl;

/// <summary>
/// Sums tensors with NCCL, on the device where they lie. Everything else, counts and bytes, goes over a <see cref="RingCollective"/> beside it, by which
/// ranks also find out who is to blame when NCCL, which does not say, gets stuck.
/// </summary>
/// <remarks>
/// <para>
/// NCCL promises that all ranks hold identical copies of a sum. It adds in an order of its own, which depends on the algorithm, the number of ranks and how
/// they are connected, not on who is late: with these fixed (<c>NCCL_ALGO</c>, <c>NCCL_PROTO</c>) a sum comes out the same each time, but not in the order of ranks.
/// </para>
/// <para>
/// The communicator does not block: each call returns at once, and this thread asks until the library and the device have done it. When that fails, or takes longer
/// than the deadline, the ranks call the roll over TCP: a rank whose own NCCL has failed says so, a rank that is stuck does not answer. A rank that still
/// waits sees its neighbour call, and joins. Then the communicator is aborted, on a thread of its own that is left behind if it does not come back.
/// </para>
/// </remarks>
internal sealed class NcclCollective : ICollective
{
    // Far below where counts overflow in any library, large enough that a launch does not show.
    private const long BucketElements = 32 * 1024 * 1024;

    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(5);

    private readonly NcclLibrary _nccl;
    private readonly RingCollective _ring;
    private readonly ComputeDevice _device;
    private nint _communicator;
    private uint _sequence;
    private bool _isDisposed;
    private CollectiveException? _failure;

    private NcclCollective(NcclLibrary nccl, RingCollective ring, ComputeDevice device) => (_nccl, _ring, _device) = (nccl, ring, device);

    /// <inheritdoc/>
    public int Rank => _ring.Rank;

    /// <inheritdoc/>
    public int WorldSize => _ring.WorldSize;

    /// <inheritdoc/>
    public TimeSpan CallDeadline
    {
        get => _ring.CallDeadline;
        set => _ring.CallDeadline = value;
    }

    /// <summary>Joins the other ranks, and returns when all have. Blocks the calling thread.</summary>
    /// <param name="nccl">The library.</param>
    /// <param name="id">What rank 0 made.</param>
    /// <param name="ring">The same ranks, connected; its deadline holds for this too. Owned from now on.</param>
    /// <param name="device">Where tensors lie.</param>
    /// <exception cref="CollectiveException">A rank did not come, or NCCL failed.</exception>
    public static NcclCollective Connect(NcclLibrary nccl, NcclUniqueId id, RingCollective ring, ComputeDevice device)
    {
        var collective = new NcclCollective(nccl, ring, device);
        try
        {
            collective.Run("joining NCCL", () => nccl.Join(out collective._communicator, ring.WorldSize, id, ring.Rank));
            return collective;
        }
        catch
        {
            collective.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void SumTensor(Tensor values)
    {
        if (values.dtype != ScalarType.Float32 || !values.is_contiguous())
        {
            throw new ArgumentException($"A contiguous tensor of fp32 is summed, not one of {values.dtype} with shape [{string.Join(", ", values.shape)}].", nameof(values));
        }

        var (address, count) = (values.Address(), values.numel());
        Run(
            string.Create(CultureInfo.InvariantCulture, $"all-reduce of {count} floats with NCCL (call {_sequence})"),
            () => _nccl.SumFloats(_communicator, address, count, BucketElements));
        _sequence++;
    }

    /// <inheritdoc/>
    public void AllReduceSum(Span<double> values)
    {
        ThrowIfUnusable("all-reduce of doubles");
        _ring.AllReduceSum(values);
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes)
    {
        ThrowIfUnusable("all-gather");
        return _ring.AllGather(bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            LetGo(_nccl.Destroy);
            _ring.Dispose();
        }
    }

    /// <summary>Starts something and waits until it is done, by the deadline.</summary>
    private void Run(string what, Func<NcclResult> start)
    {
        ThrowIfUnusable(what);
        var deadline = Deadline.After(CallDeadline);
        var wait = new SpinWait();
        for (var state = start(); !IsDone(what, ref state);)
        {
            if (_ring.IsNeighbourInTrouble)
            {
                throw Fail(what, "another rank gave up", ownTrouble: null);
            }

            if (deadline.Passed)
            {
                throw Fail(what, $"it did not end within {CallDeadline}", ownTrouble: null);
            }

            wait.SpinOnce();
        }
    }

    private bool IsDone(string what, ref NcclResult state)
    {
        if (state is NcclResult.Success or NcclResult.InProgress)
        {
            state = _nccl.State(_communicator);
        }

        switch (state)
        {
            case NcclResult.InProgress:
                return false;
            case NcclResult.Success:
                try
                {
                    return _device.HasFinished();
                }
                catch (InvalidOperationException e)
                {
                    throw Fail(what, e.Message, e.Message);
                }

            case NcclResult.RemoteError:
                // Not this rank's fault: the roll call tells whose.
                throw Fail(what, _nccl.Explain(state, _communicator), ownTrouble: null);
            default:
                var trouble = _nccl.Explain(state, _communicator);
                throw Fail(what, trouble, trouble);
        }
    }

    /// <summary>Finds out whom to blame, and gives up.</summary>
    /// <param name="what">The call.</param>
    /// <param name="why">What this rank saw.</param>
    /// <param name="ownTrouble">The same if this rank is to blame for it.</param>
    private CollectiveException Fail(string what, string why, string? ownTrouble)
    {
        var (peer, found) = (Rank, "");
        try
        {
            var troubles = _ring.RollCall(ownTrouble ?? "");
            if (ownTrouble is null)
            {
                peer = Array.FindIndex(troubles, trouble => trouble.Length > 0);
                found = peer >= 0
                    ? $" Rank {peer} is to blame: {troubles[peer]}."
                    : " All ranks are there, and none knows why: look at the network between their devices (NCCL_DEBUG=INFO).";
            }
        }
        catch (CollectiveException e)
        {
            peer = ownTrouble is null ? e.Peer : Rank;
            found = $" Roll call: {e.InnerException?.Message ?? e.Message}.";
        }

        LetGo(_nccl.Abort);
        return _failure = new CollectiveException($"Rank {Rank} of {WorldSize}, {what}: {why}.{found} The run goes on with a new epoch.", peer);
    }

    private void ThrowIfUnusable(string what)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is not null)
        {
            throw new CollectiveException($"Rank {Rank}, {what}: the exchange had failed before. {_failure.Message}", _failure.Peer, _failure);
        }
    }

    // Both farewells can hang, when another rank or a kernel is stuck. The process ends soon, and what was left behind with it.
    private void LetGo(Action<nint> farewell)
    {
        var communicator = _communicator;
        _communicator = 0;
        if (communicator != 0)
        {
            var thread = new Thread(() => farewell(communicator)) { IsBackground = true, Name = "nccl farewell" };
            thread.Start();
            thread.Join(FarewellLimit);
        }
    }
}
