using static TorchSharp.torch;

namespace Temper.Worker.Collectives;

/// <summary>The exchange of a run with one rank: the sum over all ranks is what is already there.</summary>
public sealed class SingleCollective : ICollective
{
    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int WorldSize => 1;

    /// <inheritdoc/>
    public TimeSpan CallDeadline { get; set; }

    /// <inheritdoc/>
    public void SumTensor(Tensor values)
    {
    }

    /// <inheritdoc/>
    public void AllReduceSum(Span<double> values)
    {
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes) => [bytes.ToArray()];

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
