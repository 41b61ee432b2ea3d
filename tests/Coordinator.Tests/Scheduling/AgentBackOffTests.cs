using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Api;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Scheduling;

[Trait("kind", "integration")]
public class AgentBackOffTests
{
    [Fact]
    public async Task An_agent_on_which_runs_keep_dying_gets_no_work_is_shown_and_is_tried_with_one_run()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 3);
        await agent.BeatAsync();
        string[] runs = [(await coordinator.SubmitAsync("one")).Id, (await coordinator.SubmitAsync("two")).Id, (await coordinator.SubmitAsync("three")).Id];
        await agent.BeatAsync();
        foreach (var trainer in agent.Trainers)
        {
            trainer.Ends(new TrainerEvent.Failed(FailureCauses.TrainerDied, "Killed by signal 9.", null));
        }

        await agent.BeatAsync();
        await agent.BeatAsync();

        Assert.Empty(agent.Orders.Trainers);
        var shown = await ShownAsync(coordinator);
        Assert.Equal((AgentState.BackingOff, 3, null), (shown.State, shown.BackOff!.Runs, shown.BackOff.TriedBy));
        Assert.Equal(coordinator.Time.GetUtcNow().AddMinutes(1), shown.BackOff.Until);
        Assert.StartsWith("Agent a gets no work until 2026-01-02 03:05:05 UTC. 3 runs failed on agent a and none has made progress there since; the last one, run ", shown.BackOff.Reason, StringComparison.Ordinal);
        var waiting = await coordinator.StatusAsync(runs[0]);
        Assert.Equal(RunPhase.Recovering, waiting.Phase);
        Assert.Contains("Waits for 1 free slot: 0 are free, agent a gets no work until 2026-01-02 03:05:05 UTC, next in line. 3 runs failed on agent a", waiting.Reason, StringComparison.Ordinal);
        var metrics = await coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("temper_agents{state=\"backing_off\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("temper_agents{state=\"ready\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("temper_slots{state=\"free\"} 0\n", metrics, StringComparison.Ordinal);

        await coordinator.PassAsync(59, agent);
        Assert.Empty(agent.Orders.Trainers);
        await coordinator.PassAsync(2, agent);
        Assert.Equal(runs[0], Assert.Single(agent.Trainers).RunId);
        Assert.Equal(runs[0], (await ShownAsync(coordinator)).BackOff!.TriedBy);

        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 1, 1, "h")).Steps(1, 1);
        await coordinator.PassAsync(4, agent);

        Assert.Equal(3, agent.Trainers.Count);
        Assert.Equal((AgentState.Ready, null), ((await ShownAsync(coordinator)).State, (await ShownAsync(coordinator)).BackOff));
    }

    [Fact]
    public async Task A_run_that_dies_on_every_agent_takes_none_out()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (a, b) = (coordinator.Agent("a"), coordinator.Agent("b"));
        await a.BeatAsync();
        await b.BeatAsync();
        var run = (await coordinator.SubmitAsync(attempts: 20)).Id;
        var on = new List<string>();
        for (var attempt = 0; attempt < 5; attempt++)
        {
            for (var waited = 0; a.Trainers.Count + b.Trainers.Count == 0 && waited < 60; waited++)
            {
                await coordinator.PassAsync(1, a, b);
            }

            var host = a.Trainers.Count > 0 ? a : b;
            on.Add(host == a ? "a" : "b");
            host.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.TrainerDied, "Killed by signal 9.", null));
            await host.BeatAsync();
        }

        // Elsewhere once it had failed; after that all places are alike.
        Assert.Equal(["a", "b"], on.Take(2));
        Assert.Equal(5, (await coordinator.StatusAsync(run)).Recoveries.Count);
        Assert.All((await coordinator.GetAsync<AgentList>("/api/v1/agents")).Items, agent => Assert.Equal((AgentState.Ready, null), (agent.State, agent.BackOff)));
    }

    [Fact]
    public async Task An_agent_that_is_started_anew_gets_work_at_once()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        for (var i = 0; i < 3; i++)
        {
            await coordinator.SubmitAsync($"run-{i}", attempts: 1);
            await agent.BeatAsync();
            agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.TrainerDied, "Killed by signal 9.", null));
            await agent.BeatAsync();
        }

        await coordinator.SubmitAsync("next");
        await agent.BeatAsync();
        Assert.Empty(agent.Orders.Trainers);
        agent.StartAnew();
        await agent.BeatAsync();

        Assert.Single(agent.Orders.Trainers);
    }

    private static async Task<AgentStatus> ShownAsync(CoordinatorUnderTest coordinator) => Assert.Single((await coordinator.GetAsync<AgentList>("/api/v1/agents")).Items);
}
