using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Temper.Contracts.Runs;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Store;

/// <summary>Coordinators in this process on one PostgreSQL database.</summary>
[Trait("kind", "integration")]
public class ClusterTests
{
    private readonly PostgresServer _server = PostgresServer.Shared;
    private readonly string _url;

    public ClusterTests() => _url = _server.NewDatabase();

    [Fact]
    public async Task A_run_lives_its_life_in_PostgreSQL_as_it_does_in_a_folder()
    {
        await using var coordinator = Coordinator();
        await coordinator.StartAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await agent.BeatAsync();
        agent.Trainer(0).Steps(1, 100);
        await agent.BeatAsync();
        await coordinator.RestartAsync();
        await agent.BeatAsync();
        Assert.Equal((RunPhase.Starting, 100), await coordinator.StatusAsync(run.Id) is var status ? (status.Phase, status.Step) : default);
        Assert.Equal(100, (await coordinator.GetAsync($"/api/v1/runs/{run.Id}/metrics")).GetProperty("steps").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await coordinator.PostAsync($"/api/v1/runs/{run.Id}/cancel")).StatusCode);
        await agent.BeatAsync();
        await agent.BeatAsync();
        Assert.Equal(RunPhase.Cancelled, (await coordinator.StatusAsync(run.Id)).Phase);
        await coordinator.ReconcileAsync();
        Assert.Equal([run.Id], coordinator.Reporter.Written);
        // What seals cookies lies there too.
        Assert.NotEqual("0", _server.Query(_url, "SELECT count(*) FROM protection_keys"));
    }

    [Fact]
    public async Task Two_coordinators_are_one_cluster_with_two_gateways_and_one_of_them_reconciles()
    {
        await using var one = Coordinator();
        await using var two = Coordinator();
        await one.StartAsync();
        await two.StartAsync();

        Assert.Equal(new[] { one, two }.Select(coordinator => coordinator.Endpoints.Gateway.ToString()), await GatewaysAsync(one));
        Assert.Equal(new[] { two, one }.Select(coordinator => coordinator.Endpoints.Gateway.ToString()), await GatewaysAsync(two));
        var run = await one.SubmitAsync();
        Assert.Equal(run.Id, (await two.StatusAsync(run.Id)).Id);
        await one.ReconcileAsync();
        await two.ReconcileAsync();
        var leader = _server.Query(_url, "SELECT holder FROM leases");
        await one.StopAsync();
        await two.ReconcileAsync();
        Assert.NotEqual(leader, _server.Query(_url, "SELECT holder FROM leases"));
        Assert.Equal([two.Endpoints.Gateway.ToString()], await GatewaysAsync(two));
    }

    [Fact]
    public async Task When_a_coordinator_goes_agents_have_time_to_find_another_one()
    {
        await using var stays = Coordinator();
        await using var goes = Coordinator();
        await stays.StartAsync();
        var agent = stays.Agent("a");
        await agent.BeatAsync();
        var run = await stays.SubmitAsync();
        await agent.BeatAsync();
        await goes.StartAsync();
        await KnowsAsync(stays, 2);
        await stays.PassAsync(29);
        await goes.StopAsync();
        await KnowsAsync(stays, 1);

        await stays.PassAsync(31);
        Assert.Empty((await stays.StatusAsync(run.Id)).Recoveries);
        await stays.PassAsync(1);
        Assert.Equal(FailureCauses.AgentLost, Assert.Single((await stays.StatusAsync(run.Id)).Recoveries).Cause);
    }

    [Fact]
    public async Task While_the_database_is_away_it_is_said_so_and_afterwards_all_goes_on()
    {
        await using var coordinator = Coordinator();
        await coordinator.StartAsync();
        var run = await coordinator.SubmitAsync();
        var name = _url[(_url.LastIndexOf('/') + 1)..];
        _server.Query("postgres", $"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        _server.Query("postgres", $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");

        using var refused = await coordinator.Http.GetAsync("/api/v1/runs", TestContext.Current.CancellationToken);
        using var unready = await coordinator.Http.GetAsync("/health/ready", TestContext.Current.CancellationToken);
        using var alive = await coordinator.Http.GetAsync("/health/live", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (refused.StatusCode, unready.StatusCode, alive.StatusCode));
        Assert.Equal("unavailable", (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["cause"]!);

        _server.Query("postgres", $"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        Assert.Equal(run.Id, (await coordinator.StatusAsync(run.Id)).Id);
        Assert.Equal(HttpStatusCode.OK, (await coordinator.Http.GetAsync("/health/ready", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Beyond_loopback_it_takes_a_key_in_the_database_or_the_one_of_the_start()
    {
        var options = new CoordinatorOptions { StateDirectory = "/nonexistent", OutputRoot = "/nonexistent", DataRoots = [], AgentToken = "t", Url = "http://0.0.0.0:0", Database = PostgresUrl.Parse(_url) };
        Assert.Contains("`temper key create --name NAME --role admin`", Assert.Single(OptionsCheck.Mistakes(options)));
        Assert.Empty(OptionsCheck.Mistakes(options with { AdminKey = "an-admin-key-for-the-tests" }));
        Assert.StartsWith("TEMPER_ADMIN_KEY is no secret that keeps", Assert.Single(OptionsCheck.Mistakes(options with { AdminKey = "short" })));
        using var keys = new KeyStore(options.Database!);
        await keys.CreateAsync("one", Role.Admin, DateTimeOffset.UnixEpoch);
        Assert.Empty(OptionsCheck.Mistakes(options));
    }

    private static async Task KnowsAsync(CoordinatorUnderTest coordinator, int silos)
    {
        var cluster = coordinator.Services.GetRequiredService<ISiloStatusOracle>();
        while (cluster.GetApproximateSiloStatuses(onlyActive: true).Count != silos)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private CoordinatorUnderTest Coordinator() => new() { Database = PostgresUrl.Parse(_url) };

    private static async Task<string[]> GatewaysAsync(CoordinatorUnderTest coordinator)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/agents/gateways");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", CoordinatorUnderTest.Token);
        using var answer = await coordinator.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return [.. JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["gateways"]!.AsArray().Select(gateway => (string)gateway!)];
    }
}
