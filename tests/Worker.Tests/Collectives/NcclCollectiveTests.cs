using static TorchSharp.torch;

namespace Temper.Worker.Tests.Collectives;

/// <summary>The exchange by NCCL keeps the contract, as far as a stand-in on processors tells.</summary>
public sealed class NcclCollectiveTests : CollectiveContract
{
    private protected override Ranks Connect(int worldSize, TimeSpan? callDeadline = null) => new LoopbackNccl(worldSize).Connect(callDeadline);

    [Fact]
    public void What_is_no_flat_vector_of_floats_is_refused_before_others_are_involved()
    {
        using var ranks = Connect(1);
        using var doubles = zeros(3, ScalarType.Float64);
        using var square = zeros(2, 3);
        using var turned = square.transpose(0, 1);

        Assert.Throws<ArgumentException>(() => ranks.All[0].SumTensor(doubles));
        Assert.Throws<ArgumentException>(() => ranks.All[0].SumTensor(turned));
    }

    [Fact]
    public void Sums_over_several_buckets_are_whole()
    {
        const int Count = (2 * 32 * 1024 * 1024) + 5;
        using var ranks = Connect(1);
        using var values = ones(Count, ScalarType.Float32);

        ranks.All[0].SumTensor(values);

        Assert.Equal(Count, values.sum(ScalarType.Float64).item<double>());
    }
}

/// <summary>The ring keeps the contract.</summary>
public sealed class RingContractTests : CollectiveContract
{
    private protected override Ranks Connect(int worldSize, TimeSpan? callDeadline = null) => new(new LoopbackRing(worldSize, callDeadline).Ranks);
}
