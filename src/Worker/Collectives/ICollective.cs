using static TorchSharp.torch;

namespace Temper.Worker.Collectives;

/// <summary>
/// Exchange between the ranks of one run. Every rank makes the same calls in the same order; calls come from one thread at a time.
/// The result of a sum is bitwise the same on every rank. Each call ends within the deadline or throws <see cref="CollectiveException"/>; after that the instance is unusable.
/// </summary>
public interface ICollective : IDisposable
{
    /// <summary>This process's place, 0 … <see cref="WorldSize"/> − 1.</summary>
    int Rank { get; }

    /// <summary>Number of ranks.</summary>
    int WorldSize { get; }

    /// <summary>How long one call may take, the wait for the slowest rank included. All ranks set the same.</summary>
    TimeSpan CallDeadline { get; set; }

    /// <summary>Replaces <paramref name="values"/> by its element-wise sum over all ranks, added in fp32. The implementation says in which order.</summary>
    /// <param name="values">Flat, contiguous, fp32, on the device that the ranks compute on; the same length on all ranks.</param>
    void SumTensor(Tensor values);

    /// <summary>
    /// Replaces <paramref name="values"/> by its element-wise sum over all ranks, in double precision and in the order of ranks, for counts and losses.
    /// </summary>
    void AllReduceSum(Span<double> values);

    /// <summary>Every rank's bytes, in the order of ranks; lengths may differ.</summary>
    byte[][] AllGather(ReadOnlySpan<byte> bytes);
}

/// <summary>An exchange failed: a peer is gone, silent past the deadline, or out of step. Names rank, peer and operation.</summary>
/// <param name="message">What happened, to whom, in which operation.</param>
/// <param name="peer">The rank that is blamed, or −1 if unknown.</param>
/// <param name="inner">The cause, if any.</param>
public sealed class CollectiveException(string message, int peer, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The rank that is blamed, or −1 if unknown.</summary>
    public int Peer { get; } = peer;
}
