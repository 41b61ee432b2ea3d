using System.Net;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Agents;

/// <summary>Where Orleans clients connect to this coordinator.</summary>
internal sealed record Gateway(IPEndPoint EndPoint, string ClusterId, string ServiceId);

/// <summary>Where Orleans clients connect to the cluster.</summary>
internal sealed class Gateways(Gateway own, StateBackend backend)
{
    /// <summary>The gateways of all living coordinators: this one's first, since it certainly lives, then from the oldest on.</summary>
    public async Task<IReadOnlyList<IPEndPoint>> LivingAsync() =>
        [own.EndPoint, .. (await backend.GatewaysAsync(own.ClusterId).ConfigureAwait(false)).Where(other => !other.Equals(own.EndPoint))];
}
