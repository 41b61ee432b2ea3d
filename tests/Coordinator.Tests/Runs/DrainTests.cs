using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Runs;

/// <summary>Agents that are asked to end, or that are started anew again and again, over a real coordinator.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task A_run_on_a_draining_agent_stops_at_one_step_and_goes_on_elsewhere_without_spending_an_attempt()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator, attempts: 1);
        var c = coordinator.Agent("c");
        await c.BeatAsync();
        b.IsDraining = true;
        await b.BeatAsync();
        await a.BeatAsync();

        // The wish of one agent reaches the trainers of the other.
        Assert.True(a.Trainer(0).Order.Stop && b.Trainer(1).Order.Stop);
        var draining = await coordinator.StatusAsync(run);
        Assert.Equal((RunPhase.Running, "Agent b was asked to end. Trainers save a checkpoint and stop; the run goes on elsewhere."), (draining.Phase, draining.Reason));
        Assert.Equal("draining", (string)(await AgentAsync(coordinator, "b"))["state"]!);

        b.Trainer(1).Ends(new TrainerEvent.Stopped(7));
        await b.BeatAsync();
        Assert.Equal(RunPhase.Running, (await coordinator.StatusAsync(run)).Phase);
        a.Trainer(0).Steps(1, 7).Says(new TrainerEvent.Saved(7, "e1-s7")).Ends(new TrainerEvent.Stopped(7));
        await a.BeatAsync();

        var status = await coordinator.StatusAsync(run);
        Assert.Equal((FailureCauses.AgentDrained, 7), Assert.Single(status.Recoveries) is var recovery ? (recovery.Cause, recovery.FromStep) : default);
        Assert.Equal((RunPhase.Starting, 2L), (status.Phase, status.Epoch));
        Assert.Equal(["a", "c"], status.Members.Select(member => member.AgentId).Order());
        await b.BeatAsync();
        Assert.Empty(b.Orders.Trainers);
    }

    [Fact]
    public async Task A_draining_agent_gets_no_work_and_is_not_missed_when_it_has_gone()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var a = coordinator.Agent("a");
        a.IsDraining = true;
        await a.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await a.BeatAsync();
        Assert.Empty(a.Orders.Trainers);
        Assert.Equal("Waits for an agent: it needs 1 slot, and no agent is connected.", (await coordinator.StatusAsync(run.Id)).Reason);

        await coordinator.PassAsync(11);
        Assert.Empty((await coordinator.GetAsync("/api/v1/agents")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_run_whose_trainers_only_load_leaves_a_draining_agent_at_once()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (a, b) = (coordinator.Agent("a"), coordinator.Agent("b"));
        await a.BeatAsync();
        var run = await coordinator.SubmitAsync(attempts: 1);
        await a.BeatAsync();
        await b.BeatAsync();
        a.IsDraining = true;
        // As an agent does with what has not met the others yet.
        a.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.AgentDrained, "was ended before it began to train.", 0));
        await a.BeatAsync();
        await b.BeatAsync();

        Assert.Equal((RunPhase.Starting, 2L), await coordinator.StatusAsync(run.Id) is var status ? (status.Phase, status.Epoch) : default);
        Assert.Equal(2, b.Trainer(0).Epoch);
    }

    [Fact]
    public async Task Trainers_that_stop_while_a_user_pauses_are_paused_though_their_agent_drains()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator, attempts: 1);
        b.IsDraining = true;
        await b.BeatAsync();
        await coordinator.PostAsync($"/api/v1/runs/{run}/pause");
        a.Trainer(0).Steps(1, 7).Says(new TrainerEvent.Saved(7, "e1-s7")).Ends(new TrainerEvent.Stopped(7));
        b.Trainer(1).Ends(new TrainerEvent.Stopped(7));
        await a.BeatAsync();
        await b.BeatAsync();

        Assert.Equal((RunPhase.Paused, 0), await coordinator.StatusAsync(run) is var status ? (status.Phase, status.Recoveries.Count) : default);
    }

    [Fact]
    public async Task Twenty_agent_restarts_one_after_the_other_spend_no_attempt()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator, attempts: 1);
        for (var restart = 1; restart <= 20; restart++)
        {
            b.StartAnew();
            await b.BeatAsync();
            // However long the next attempt waits: it comes by itself.
            for (var second = 0; second < 600 && (await coordinator.StatusAsync(run)).Epoch == restart; second++)
            {
                await coordinator.PassAsync(1, a, b);
            }

            var status = await coordinator.StatusAsync(run);
            Assert.Equal((restart + 1L, restart), (status.Epoch, status.Recoveries.Count));
        }

        Assert.All((await coordinator.StatusAsync(run)).Recoveries, recovery => Assert.Equal(FailureCauses.AgentLost, recovery.Cause));
        await coordinator.PassAsync(1, a, b);
        await Gang.MeetAsync(a, b);
        a.Trainer(0).Says(new TrainerEvent.Started(0, 1000, 1, "hash")).Steps(1, 100).Ends(new TrainerEvent.Finished(100, "model"));
        await a.BeatAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(run)).Phase);
    }

    private static async Task<System.Text.Json.Nodes.JsonNode> AgentAsync(CoordinatorUnderTest coordinator, string id) =>
        System.Text.Json.Nodes.JsonNode.Parse((await coordinator.GetAsync("/api/v1/agents")).GetRawText())!["items"]!.AsArray().Single(agent => (string)agent!["id"]! == id)!;
}
