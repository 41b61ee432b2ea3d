using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;

namespace Temper.Worker.Collectives;

/// <summary>What a rank publishes before the ranks connect: where it is reached, and what it is about to do.</summary>
/// <param name="Address">Of its <see cref="RingListener"/>.</param>
/// <param name="Device">What it computes on.</param>
/// <param name="Collective">How it will exchange gradients.</param>
/// <param name="NcclId">Rank 0's id, where that is by NCCL.</param>
internal sealed record RankOffer(string Address, DeviceKind Device, CollectiveKind Collective, string? NcclId = null)
{
    public string Write() => ProtocolJson.Write(this);

    /// <summary>Reads the offers of all ranks, in their order, and makes sure that all mean the same.</summary>
    /// <exception cref="DevicesDifferException">They do not; names two ranks and what each has.</exception>
    public static IReadOnlyList<RankOffer> ReadAll(IReadOnlyList<string> offers)
    {
        var ranks = offers.Select(Read).ToList();
        for (var rank = 1; rank < ranks.Count; rank++)
        {
            if ((ranks[rank].Device, ranks[rank].Collective) != (ranks[0].Device, ranks[0].Collective))
            {
                throw new DevicesDifferException(
                    $"Rank 0 {ranks[0].Describe()}, rank {rank} {ranks[rank].Describe()}. All ranks of a run must be alike: "
                    + "give the run's device and collective, or let only agents with the same devices serve its pool, with as many slots as devices.");
            }
        }

        return ranks;
    }

    private static RankOffer Read(string offer, int rank)
    {
        try
        {
            return ProtocolJson.Read<RankOffer>(offer);
        }
        catch (JsonException e)
        {
            throw new DevicesDifferException($"Rank {rank} offers '{offer}', which this version does not understand ({e.Message}). All agents of a run must be of one version.");
        }
    }

    private string Describe() => $"computes on {Device} and exchanges by {Collective}".ToLowerInvariant();
}

/// <summary>The ranks have different devices, or would exchange in different ways.</summary>
/// <param name="message">Which ranks, and what each has.</param>
internal sealed class DevicesDifferException(string message) : Exception(message);
