using System.Net;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.TestKit;
using Temper.Worker.Collectives;
using Temper.Worker.Collectives.Nccl;
using Temper.Worker.Devices;

namespace Temper.Worker.Tests.Collectives;

public class RendezvousTests
{
    [Theory]
    [InlineData(1, CollectiveKind.Auto, typeof(SingleCollective))]
    [InlineData(1, CollectiveKind.Ring, typeof(SingleCollective))]
    [InlineData(2, CollectiveKind.Auto, typeof(RingCollective))]
    [InlineData(2, CollectiveKind.Ring, typeof(RingCollective))]
    public void Processors_meet_in_a_ring_without_asking_for_NCCL(int worldSize, CollectiveKind asked, Type kind)
    {
        var meetings = Enumerable.Range(0, worldSize).Select(rank => Meet(rank, worldSize, asked, () => throw new InvalidOperationException("NCCL was asked for"))).ToList();

        Connect(meetings, kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Ranks_that_are_told_to_take_NCCL_do_so_whatever_their_number(int worldSize)
    {
        var nccl = NcclLibrary.Open(NcclStandIn.Path);

        Connect([.. Enumerable.Range(0, worldSize).Select(rank => Meet(rank, worldSize, CollectiveKind.Nccl, () => nccl))], typeof(NcclCollective));
    }

    [Fact]
    public void A_rank_that_lacks_NCCL_says_so_before_others_wait_for_it() =>
        Assert.Throws<PlatformNotSupportedException>(() => Meet(1, 2, CollectiveKind.Nccl, () => NcclLibrary.Open("/nowhere/libnccl.so.2")).Offer());

    [Theory]
    [InlineData(DeviceKind.Cuda, CollectiveKind.Nccl, "Rank 0 computes on cpu and exchanges by ring, rank 1 computes on cuda and exchanges by nccl.")]
    [InlineData(DeviceKind.Cuda, CollectiveKind.Ring, "Rank 0 computes on cpu and exchanges by ring, rank 1 computes on cuda and exchanges by ring.")]
    public void Ranks_with_other_devices_are_told_apart_when_they_meet(DeviceKind device, CollectiveKind collective, string difference)
    {
        var rendezvous = Meet(0, 2, CollectiveKind.Ring);
        var other = new RankOffer("127.0.0.1:9", device, collective).Write();

        var refusal = Assert.Throws<DevicesDifferException>(() => rendezvous.Connect([rendezvous.Offer(), other]));

        Assert.StartsWith(difference, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_offer_of_another_version_is_no_puzzle()
    {
        var rendezvous = Meet(0, 2, CollectiveKind.Ring);

        var refusal = Assert.Throws<DevicesDifferException>(() => rendezvous.Connect([rendezvous.Offer(), "127.0.0.1:4711"]));

        Assert.StartsWith("Rank 1 offers '127.0.0.1:4711', which this version does not understand", refusal.Message, StringComparison.Ordinal);
    }

    private static void Connect(List<Rendezvous> meetings, Type kind)
    {
        var offers = meetings.Select(rendezvous => rendezvous.Offer()).ToList();
        using var ranks = new Ranks(LoopbackRing.InParallel(meetings.Count, rank => meetings[rank].Connect(offers)));
        Assert.All(ranks.All, rank => Assert.IsType(kind, rank));
        Assert.All(ranks.OnAll(rank => rank.AllGather([(byte)rank.Rank])), all => Assert.Equal(meetings.Count, all.Length));
    }

    private static Rendezvous Meet(int rank, int worldSize, CollectiveKind collective, Func<NcclLibrary>? nccl = null)
    {
        var spec = new RunSpec("test", new Dictionary<string, TaskSpec>(), new TrainingSpec(1), Mixture: new MixtureSpec(MixingStrategy.Equal), Collective: collective);
        var assignment = new TrainerAssignment("test", 1, rank, worldSize, spec, Precision.Fp32, [], "", null, Convert.ToBase64String([1, 2, 3]), []);
        return new Rendezvous(RingListener.Open(IPAddress.Loopback), assignment, ComputeDevice.Cpu, nccl ?? (() => throw new InvalidOperationException("NCCL was asked for")));
    }
}
