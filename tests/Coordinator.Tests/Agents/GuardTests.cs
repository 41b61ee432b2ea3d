using System.Diagnostics;
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

    [Fact]
    public async Task A_coordinator_with_connected_agents_and_readers_stops_within_seconds()
    {
        await using var coordinator = new CoordinatorUnderTest { StopsSlowly = false };
        await coordinator.StartAsync();
        using var client = Client(coordinator);
        await client.StartAsync(TestContext.Current.CancellationToken);
        RequestContext.Set(IAgentGrain.TokenKey, CoordinatorUnderTest.Token);
        var agent = coordinator.Agent("a");
        agent.Client = client.Services.GetRequiredService<IClusterClient>();
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await agent.BeatAsync();
        Assert.Equal(run.Id, agent.Trainer(0).RunId);
        using var reader = await coordinator.Http.GetAsync($"/api/v1/runs/{run.Id}/events", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        var watch = Stopwatch.StartNew();
        await coordinator.StopAsync();
        // Of itself Orleans would wait for 30.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        TestContext.Current.SendDiagnosticMessage($"stopped in {watch.Elapsed}");
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
