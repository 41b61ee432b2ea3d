
namespace Temper.Contracts.Agents;

/// <summary>Where agents reach the cluster: the answer of <c>GET /api/v1/agents/gateways</c>.</summary>
/// <param name="ClusterId">Orleans' cluster id.</param>
/// <param name="ServiceId">Orleans' service id.</param>
/// <param name="Gateways">Gateways as <c>address:port</c>.</param>
public sealed record GatewayList(string ClusterId, string ServiceId, IReadOnlyList<string> Gateways);
