using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Temper.Contracts.Agents;
using Temper.Coordinator.Agents;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Security;

namespace Temper.Coordinator.Api;

/// <summary>What is known of agents, and what they must know.</summary>
internal static class AgentsApi
{
    public static void MapAgents(this IEndpointRouteBuilder api)
    {
        api.MapGet("/agents", List).WithName("ListAgents").WithSummary("The agents, their slots and what runs on them.").WithTags("agents");
        api.MapGet("/agents/gateways", Gateways).WithName("GetGateways").WithSummary("Where agents connect. Needs the agent token.").WithTags("agents")
            .RequireAgentToken();
    }

    private static async Task<Ok<AgentList>> List(IGrainFactory grains) =>
        TypedResults.Ok(new AgentList(await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Agents().ConfigureAwait(false)));

    private static async Task<Ok<GatewayList>> Gateways(Gateway own, Gateways gateways) =>
        TypedResults.Ok(new GatewayList(own.ClusterId, own.ServiceId, [.. (await gateways.LivingAsync().ConfigureAwait(false)).Select(gateway => gateway.ToString())]));
}

/// <summary>All agents that were heard lately.</summary>
public sealed record AgentList(IReadOnlyList<AgentStatus> Items);
