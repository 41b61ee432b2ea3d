using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Temper.Contracts.Agents;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Agents;

[Trait("kind", "integration")]
public class GuardTests
{
    [Fact]
    public async Task From_outside_only_agents_can_call_and_only_with_the_token()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        using var client = Client(coordinator);
        await client.StartAsync(TestContext.Current.CancellationToken);
        var outside = client.Services.GetRequiredService<IClusterClient>();
        var heartbeat = new AgentHeartbeat("s", "h", 1, 0, false, []);

        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => outside.GetGrain<IAgentGrain>("a").Heartbeat(heartbeat));
        RequestContext.Set(IAgentGrain.TokenKey, "another token");
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => outside.GetGrain<IAgentGrain>("a").Heartbeat(heartbeat));
        RequestContext.Set(IAgentGrain.TokenKey, CoordinatorUnderTest.Token);
        Assert.Empty((await outside.GetGrain<IAgentGrain>("a").Heartbeat(heartbeat)).Trainers);

        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => outside.GetGrain<IPoolGrain>(IPoolGrain.Key).Agents());
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => outside.GetGrain<IRunGrain>("x").GetStatus());
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => outside.GetGrain<IManagementGrain>(0).GetHosts(false, TestContext.Current.CancellationToken));
        await client.StopAsync(TestContext.Current.CancellationToken);
    }

    private static IHost Client(CoordinatorUnderTest coordinator)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering(coordinator.Endpoints.Gateway);
            client.Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = coordinator.Endpoints.ClusterId;
                cluster.ServiceId = coordinator.Endpoints.ServiceId;
            });
        });
        return builder.Build();
    }
}
