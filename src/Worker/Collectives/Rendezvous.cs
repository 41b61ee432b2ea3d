using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Worker.Collectives.Nccl;
using Temper.Worker.Devices;

namespace Temper.Worker.Collectives;

/// <summary>
/// One rank's side of a rendezvous, the same for every kind of exchange: it makes an offer, the run's grain hands all offers round, and it connects by them.
/// </summary>
/// <param name="listener">Where the lower neighbour will connect.</param>
/// <param name="assignment">Who this rank is.</param>
/// <param name="device">What it computes on.</param>
/// <param name="nccl">The library, asked for only where gradients go by it.</param>
internal sealed class Rendezvous(RingListener listener, TrainerAssignment assignment, ComputeDevice device, Func<NcclLibrary> nccl)
{
    private readonly CollectiveKind _kind = assignment.Spec.Collective != CollectiveKind.Auto ? assignment.Spec.Collective
        : assignment.WorldSize == 1 ? CollectiveKind.Ring
        : device.NaturalCollective;

    /// <summary>For people: what the exchange is made with.</summary>
    public string Description => _kind == CollectiveKind.Nccl ? $"NCCL {nccl().Version}" : "ring";

    /// <summary>What to publish.</summary>
    /// <exception cref="PlatformNotSupportedException">NCCL is needed and missing.</exception>
    public string Offer()
    {
        // On every rank, so that each says what it lacks before the others wait for it.
        var library = _kind == CollectiveKind.Nccl ? nccl() : null;
        return new RankOffer(listener.Address, device.Kind, _kind, assignment.Rank == 0 ? library?.NewId().Write() : null).Write();
    }

    /// <summary>Connects to the ranks that published <paramref name="offers"/>.</summary>
    /// <exception cref="DevicesDifferException">They would not do the same.</exception>
    /// <exception cref="CollectiveException">A rank did not come, is gone, or is not who it should be.</exception>
    public ICollective Connect(IReadOnlyList<string> offers)
    {
        var ranks = RankOffer.ReadAll(offers);
        if (assignment.WorldSize == 1 && _kind == CollectiveKind.Ring)
        {
            return new SingleCollective();
        }

        var ring = RingCollective.Connect(
            listener,
            assignment.Rank,
            [.. ranks.Select(rank => rank.Address)],
            Convert.FromBase64String(assignment.Secret),
            $"{assignment.RunId}/{assignment.Epoch}",
            TimeSpan.FromSeconds(assignment.Spec.Recovery.ExchangeTimeoutSeconds),
            CancellationToken.None);
        return _kind == CollectiveKind.Nccl
            ? NcclCollective.Connect(nccl(), NcclUniqueId.Read(ranks[0].NcclId!), ring, device)
            : ring;
    }
}
