using System.Net;
using System.Net.Http.Headers;
using Temper.Contracts.Agents;
using Temper.Coordinator.Api;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Api;

[Trait("kind", "integration")]
public class GuardedApiTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task From_the_request_after_the_first_key_was_made_every_call_shows_one_and_agents_show_their_token()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        Assert.Equal(HttpStatusCode.OK, await GetAsync(coordinator, "/api/v1/runs", null));
        var one = (await coordinator.KeyAsync(Role.Viewer)).Secret;
        var two = (await coordinator.KeyAsync(Role.Admin)).Secret;

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/runs", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/runs", "key three"));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/runs", CoordinatorUnderTest.Token));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/nothing", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/metrics", null));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(coordinator, "/api/v1/runs", one));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(coordinator, "/api/v1/runs", two));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(coordinator, "/metrics", one));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(coordinator, "/health/ready", null));

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/agents/gateways", two));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(coordinator, "/api/v1/agents/gateways", CoordinatorUnderTest.Token));
    }

    [Fact]
    public async Task A_revoked_key_opens_nothing_from_the_next_request_on_and_the_last_one_leaves_no_door_open()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (id, secret) = await coordinator.KeyAsync(Role.Admin);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(coordinator, "/api/v1/runs", secret));
        await coordinator.RevokeAsync(id);

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/runs", secret));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/runs", null));
        await coordinator.RestartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(coordinator, "/api/v1/runs", null));
    }

    [Fact]
    public async Task An_agent_learns_where_to_connect()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        coordinator.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", CoordinatorUnderTest.Token);
        var gateways = await coordinator.GetAsync<GatewayList>("/api/v1/agents/gateways");

        Assert.Equal(("temper", "temper", coordinator.Endpoints.Gateway.ToString()), (gateways.ClusterId, gateways.ServiceId, Assert.Single(gateways.Gateways)));
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    public async Task Without_keys_pages_from_elsewhere_cannot_call(string header, string value)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        request.Headers.Add(header, value);

        Assert.Equal(HttpStatusCode.Forbidden, (await coordinator.Http.SendAsync(request, Ct)).StatusCode);
    }

    [Fact]
    public async Task The_loopback_address_that_was_asked_for_is_an_own_name()
    {
        await using var coordinator = new CoordinatorUnderTest { Url = "http://127.0.0.2:0" };
        await coordinator.StartAsync();

        Assert.Equal(("127.0.0.2", HttpStatusCode.OK), (coordinator.Endpoints.Api.Host, await GetAsync(coordinator, "/api/v1/runs", null)));
    }

    [Fact]
    public async Task Agents_and_measurements_are_shown()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 2, hasBf16: true);
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await coordinator.SubmitAsync("waits", workers: 2);
        await agent.BeatAsync();
        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 10, 1, "h")).Steps(1, 3);
        await agent.BeatAsync();

        var shown = Assert.Single((await coordinator.GetAsync<AgentList>("/api/v1/agents")).Items);
        Assert.Equal(("a", 2, true, "Ready"), (shown.Id, shown.SlotCount, shown.HasBf16, shown.State.ToString()));
        Assert.Equal((0, run.Id, 0), Assert.Single(shown.Trainers) is var trainer ? (trainer.Slot, trainer.RunId, trainer.Rank) : default);
        Assert.Equal("bf16", (await coordinator.StatusAsync(run.Id)).Precision);

        var text = await coordinator.Http.GetStringAsync("/metrics", Ct);
        Assert.Contains("temper_runs{phase=\"running\"} 1\n", text);
        Assert.Contains("temper_queue_waiting_runs{reason=\"too_large\"} 0\n", text);
        Assert.Contains("temper_queue_waiting_runs{reason=\"slots\"} 1\n", text);
        Assert.Contains("temper_steps_total 3\n", text);
        Assert.Contains("temper_tokens_total{task=\"mood\",side=\"target\"} 60\n", text);
        Assert.Contains("temper_agents{state=\"ready\"} 1\n", text);
        Assert.Contains("temper_slots{state=\"free\"} 1\n", text);
        Assert.Contains($"temper_run_task_loss{{run=\"{run.Id}\",task=\"mood\"}} 1.5\n", text);
    }

    [Fact]
    public async Task Step_rows_are_thinned_out_evenly_and_the_last_one_stays()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await agent.BeatAsync();
        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 10, 1, "h")).Steps(1, 100);
        await agent.BeatAsync();

        Assert.Equal([1, 35, 69, 100], await StepsAsync(coordinator, run.Id, "?points=3"));
        Assert.Equal([98, 99, 100], await StepsAsync(coordinator, run.Id, "?from=98"));
        Assert.Equal([2, 3], await StepsAsync(coordinator, run.Id, "?from=2&to=3&points=2"));
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run.Id}/metrics?to=2");
        request.Headers.Accept.ParseAdd("application/x-ndjson");
        var lines = (await (await coordinator.Http.SendAsync(request, Ct)).Content.ReadAsStringAsync(Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([1, 2], lines.Select(line => ProtocolJson.Read<StepRow>(line).Step));
    }

    private static async Task<IEnumerable<int>> StepsAsync(CoordinatorUnderTest coordinator, string id, string query) =>
        (await coordinator.GetAsync<MetricSeries>($"/api/v1/runs/{id}/metrics{query}")).Steps.Select(step => step.Step);

    private static async Task<HttpStatusCode> GetAsync(CoordinatorUnderTest coordinator, string path, string? bearer)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        return (await coordinator.Http.SendAsync(request, Ct)).StatusCode;
    }
}
