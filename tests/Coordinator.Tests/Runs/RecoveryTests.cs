using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Runs;

[Trait("kind", "integration")]
public class RecoveryTests
{
    [Fact]
    public async Task A_silent_agent_makes_the_run_recover_from_its_checkpoint_with_a_new_epoch()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Steps(1, 10, loss: 3).Says(new TrainerEvent.Saved(5, "e1-s5"));
        await a.BeatAsync();

        await coordinator.PassAsync(10, a);
        Assert.Equal(RunPhase.Running, (await coordinator.StatusAsync(run)).Phase);
        await coordinator.PassAsync(1, a);

        var lost = await coordinator.StatusAsync(run);
        Assert.Equal((RunPhase.Recovering, 5, 1L), (lost.Phase, lost.Step, lost.Epoch));
        Assert.Equal("Rank 1 on agent b: the agent was not heard for 10 seconds. Goes on from the checkpoint of step 5. Needs 2 slots, the agents offer 1.", lost.Reason);
        await a.BeatAsync();
        Assert.Empty(a.Orders.Trainers);

        b.StartAnew();
        await b.BeatAsync();
        await a.BeatAsync();
        Assert.Equal((2L, "e1-s5"), (a.Trainer(0).Epoch, a.Trainer(0).Assignment.StartCheckpoint));
        await Gang.MeetAsync(a, b);
        a.Trainer(0).Says(new TrainerEvent.Started(5, 1000, 1, "hash")).Steps(6, 8, loss: 2);
        await a.BeatAsync();

        var resumed = await coordinator.StatusAsync(run);
        Assert.Equal((RunPhase.Running, 8, 2L), (resumed.Phase, resumed.Step, resumed.Epoch));
        Assert.Equal((1L, FailureCauses.AgentLost, 5), Assert.Single(resumed.Recoveries) is var recovery ? (recovery.Epoch, recovery.Cause, recovery.FromStep) : default);
        var series = await coordinator.GetAsync<Coordinator.Api.MetricSeries>($"/api/v1/runs/{run}/metrics");
        Assert.Equal([3, 3, 3, 3, 3, 2, 2, 2, 3, 3], series.Steps.Select(step => step.Loss));
    }

    [Fact]
    public async Task A_restarted_agent_has_lost_its_trainers_and_the_run_starts_on_it_again_at_once()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        b.StartAnew();

        await b.BeatAsync();
        Assert.Equal(2, b.Trainer(1).Epoch);
        await a.BeatAsync();
        Assert.Equal(2, a.Trainer(0).Epoch);
        var recovery = Assert.Single((await coordinator.StatusAsync(run)).Recoveries);
        Assert.Equal("Rank 1 on agent b: the agent was started anew, and its trainers ended with the old one.", recovery.Message);
    }

    [Fact]
    public async Task What_an_old_epoch_says_is_ignored()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        b.Trainer(1).Ends(new TrainerEvent.Failed(FailureCauses.TrainerDied, "Killed by signal 9.", null));
        await b.BeatAsync();

        // Agent a has not heard of the new epoch; its trainer of the old one goes on.
        a.Trainer(0).Steps(1, 9).Says(new TrainerEvent.Saved(9, "e1-s9"), new TrainerEvent.Finished(100, "model"));
        await a.BeatAsync();
        var status = await coordinator.StatusAsync(run);
        Assert.Equal((RunPhase.Starting, 2L, 0, (int?)null), (status.Phase, status.Epoch, status.Step, status.CheckpointStep));
        Assert.Null(a.Trainer(0).Assignment.StartCheckpoint);
    }

    [Fact]
    public async Task Three_attempts_without_progress_end_the_run_with_the_cause()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var a = coordinator.Agent("a");
        await a.BeatAsync();
        var run = await coordinator.SubmitAsync();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            await a.BeatAsync();
            Assert.Equal(attempt, a.Trainer(0).Epoch);
            a.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.TrainerError, "Out of memory.", null));
            await a.BeatAsync();
            if (attempt == 2)
            {
                // The second failure in a row waits five seconds, and says so.
                var waiting = await coordinator.StatusAsync(run.Id);
                Assert.Equal(
                    (RunPhase.Recovering, "Rank 0 on agent a: Out of memory. Goes on from the beginning. Tries again at 2026-01-02 03:04:10 UTC.", (DateTimeOffset?)coordinator.Time.GetUtcNow().AddSeconds(5)),
                    (waiting.Phase, waiting.Reason, waiting.RetryAt));
                await coordinator.PassAsync(4, a);
                Assert.Empty(a.Orders.Trainers);
                await coordinator.PassAsync(1, a);
            }
        }

        var status = await coordinator.StatusAsync(run.Id);
        Assert.Equal(RunPhase.Failed, status.Phase);
        Assert.Equal("3 attempts in a row made no progress. The last one: Rank 0 on agent a: Out of memory. (trainer_error)", status.Reason);
        await a.BeatAsync();
        Assert.Empty(a.Orders.Trainers);
    }

    [Fact]
    public async Task A_trainer_that_ends_without_a_word_has_died()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Ends();
        await a.BeatAsync();

        Assert.Equal(FailureCauses.TrainerDied, Assert.Single((await coordinator.StatusAsync(run)).Recoveries).Cause);
    }

    [Fact]
    public async Task A_heartbeat_that_was_held_up_on_its_way_is_no_news()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = (await coordinator.SubmitAsync()).Id;
        var beforeItHadTheTrainer = agent.Heartbeat();
        await agent.BeatAsync();
        agent.Trainer(0).Steps(1, 3);
        await agent.BeatAsync();

        await agent.SendAsync(beforeItHadTheTrainer);

        var status = await coordinator.StatusAsync(run);
        Assert.Equal((1L, 3, 0), (status.Epoch, status.Step, status.Recoveries.Count));
    }

    [Fact]
    public async Task A_restarted_coordinator_leaves_running_trainers_alone()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Steps(1, 4).Says(new TrainerEvent.Saved(4, "e1-s4")).Steps(5, 6);
        await a.BeatAsync();
        a.Trainer(0).Steps(7, 9);

        await coordinator.RestartAsync();
        Assert.Equal((RunPhase.Running, 1L, 6), await coordinator.StatusAsync(run) is var before ? (before.Phase, before.Epoch, before.Step) : default);
        await coordinator.PassAsync(29);
        await coordinator.ReconcileAsync();
        await a.BeatAsync();
        await b.BeatAsync();

        Assert.Equal((1L, 0), (a.Trainer(0).Epoch, a.Trainer(0).UnacknowledgedCount));
        Assert.Equal(["x", "y"], a.Trainer(0).Order.Offers!);
        var after = await coordinator.StatusAsync(run);
        Assert.Equal((RunPhase.Running, 1L, 9, 0), (after.Phase, after.Epoch, after.Step, after.Recoveries.Count));
        var series = await coordinator.GetAsync<Coordinator.Api.MetricSeries>($"/api/v1/runs/{run}/metrics");
        Assert.Equal(Enumerable.Range(1, 9), series.Steps.Select(step => step.Step));
    }

    [Fact]
    public async Task An_agent_that_does_not_come_back_after_a_restart_is_lost_after_its_grace()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        await coordinator.RestartAsync();
        await coordinator.ReconcileAsync();
        await coordinator.PassAsync(30, a);
        Assert.Equal(RunPhase.Running, (await coordinator.StatusAsync(run)).Phase);
        await coordinator.PassAsync(1, a);

        var status = await coordinator.StatusAsync(run);
        Assert.Equal(RunPhase.Recovering, status.Phase);
        Assert.StartsWith("Rank 1 on agent b: the agent did not come back within 30 seconds", Assert.Single(status.Recoveries).Message);
    }

    [Fact]
    public async Task A_crash_between_state_and_index_is_made_good_before_anything_is_scheduled()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var a = coordinator.Agent("a");
        await a.BeatAsync();
        var first = await coordinator.SubmitAsync("first");
        var second = await coordinator.SubmitAsync("second");
        await coordinator.StopAsync();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(coordinator.StateDirectory, "state.db")};Pooling=False"))
        {
            // As the admission would leave them if the process had died after the state was written.
            connection.Open();
            connection.Execute("UPDATE runs SET phase = 'queued', status = @status WHERE id = @id", ("@id", first.Id), ("@status", ProtocolJson.Write(first with { Phase = RunPhase.Queued, Epoch = 0, Members = [] })));
            Assert.Equal(1, connection.Execute("DELETE FROM events WHERE run = @id AND kind = 'admitted'", ("@id", first.Id)));
        }

        await coordinator.StartAsync();
        await a.BeatAsync();
        Assert.Equal((first.Id, 1L), Assert.Single(a.Trainers) is var trainer ? (trainer.RunId, trainer.Epoch) : default);
        Assert.Equal(RunPhase.Queued, (await coordinator.StatusAsync(second.Id)).Phase);
        var events = await coordinator.Services.GetRequiredService<RunStore>().EventsAsync(first.Id, 0, 100);
        Assert.Equal(["submitted", "admitted"], events.Select(e => e.Kind));
    }

    [Fact]
    public async Task After_a_long_absence_a_run_goes_on_from_the_newest_checkpoint_of_its_folder()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Steps(1, 5).Says(new TrainerEvent.Saved(5, "step-00000005-epoch-1"));
        await a.BeatAsync();
        await coordinator.StopAsync();
        var checkpoints = Path.Combine(coordinator.Output, $"demo-{run}", "checkpoints");
        foreach (var (name, isWhole) in new[] { ("step-00000060-epoch-1", true), ("step-00000070-epoch-1", false), ("step-00000080-epoch-1.unfinished", true) })
        {
            var folder = Directory.CreateDirectory(Path.Combine(checkpoints, name)).FullName;
            File.WriteAllText(Path.Combine(folder, isWhole ? "manifest.json" : "state.json"), "{}");
        }

        a.StartAnew();
        b.StartAnew();
        await coordinator.StartAsync();
        await a.BeatAsync();
        await b.BeatAsync();
        await a.BeatAsync();
        Assert.Equal((2L, "step-00000060-epoch-1"), (a.Trainer(0).Epoch, a.Trainer(0).Assignment.StartCheckpoint));
        Assert.Equal((60, 60), await coordinator.StatusAsync(run) is var status ? (status.Step, Assert.Single(status.Recoveries).FromStep) : default);
    }

    [Fact]
    public async Task A_run_that_cannot_be_read_neither_stops_the_others_nor_loses_its_trainers()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var a = coordinator.Agent("a", slots: 3);
        await a.BeatAsync();
        var broken = await coordinator.SubmitAsync("broken");
        var healthy = await coordinator.SubmitAsync("healthy");
        var waiting = await coordinator.SubmitAsync("waiting", workers: 2);
        await a.BeatAsync();
        await coordinator.StopAsync();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(coordinator.StateDirectory, "state.db")};Pooling=False"))
        {
            connection.Open();
            connection.Execute("UPDATE runs SET spec = '{' WHERE id IN (@a, @b)", ("@a", broken.Id), ("@b", waiting.Id));
        }

        await coordinator.StartAsync();
        await coordinator.ReconcileAsync();
        a.Trainers.Single(trainer => trainer.RunId == broken.Id).Steps(1, 2);
        a.Trainers.Single(trainer => trainer.RunId == healthy.Id).Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 10, 1, "h")).Steps(1, 3);
        await a.BeatAsync();
        Assert.Equal((RunPhase.Running, 3), await coordinator.StatusAsync(healthy.Id) is var status ? (status.Phase, status.Step) : default);
        Assert.Equal(2, a.Trainers.Single(trainer => trainer.RunId == broken.Id).UnacknowledgedCount);

        // The run that cannot be read waits for two slots, and now there are two: the next in line gets them.
        await coordinator.Agent("b").BeatAsync();
        var next = await coordinator.SubmitAsync("next");
        await a.BeatAsync();
        Assert.Equal([broken.Id, healthy.Id, next.Id], a.Trainers.Select(trainer => trainer.RunId));
        a.Trainers.Single(trainer => trainer.RunId == healthy.Id).Ends(new TrainerEvent.Finished(100, "model"));
        await a.BeatAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(healthy.Id)).Phase);
    }

    [Fact]
    public async Task A_coordinator_that_was_itself_asleep_does_not_take_its_agents_for_lost()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        coordinator.Time.Advance(TimeSpan.FromHours(8));
        await coordinator.ReconcileAsync();
        await a.BeatAsync();
        await b.BeatAsync();
        Assert.Equal((RunPhase.Running, 1L), await coordinator.StatusAsync(run) is var status ? (status.Phase, status.Epoch) : default);

        await coordinator.PassAsync(11, a);
        Assert.Equal(RunPhase.Recovering, (await coordinator.StatusAsync(run)).Phase);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_neither_hides_a_dead_agent_nor_loses_a_living_one()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        coordinator.Time.Shift = TimeSpan.FromMinutes(-10);
        await coordinator.PassAsync(10, a);
        Assert.Equal(RunPhase.Running, (await coordinator.StatusAsync(run)).Phase);
        await coordinator.PassAsync(1, a);

        Assert.Equal("Rank 1 on agent b: the agent was not heard for 10 seconds.", Assert.Single((await coordinator.StatusAsync(run)).Recoveries).Message);
    }

    [Theory, InlineData(-10), InlineData(10)]
    public async Task A_clock_that_is_set_neither_stretches_nor_cuts_what_a_run_waits_after_a_failure(int minutes)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var a = coordinator.Agent("a");
        await a.BeatAsync();
        await coordinator.SubmitAsync();
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            await a.BeatAsync();
            a.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.TrainerError, "broke"));
            await a.BeatAsync();
        }

        // The second failure in a row waits five seconds.
        coordinator.Time.Shift = TimeSpan.FromMinutes(minutes);
        await coordinator.PassAsync(4, a);
        await a.BeatAsync();
        Assert.Empty(a.Orders.Trainers);
        await coordinator.PassAsync(1, a);
        await a.BeatAsync();
        Assert.Equal(3, a.Trainer(0).Epoch);
    }

    [Theory, InlineData(-10), InlineData(10)]
    public async Task A_clock_that_is_set_neither_stretches_nor_cuts_the_wait_for_the_cause_behind_a_failure(int minutes)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.Exchange, "no answer", 1));
        await a.BeatAsync();

        coordinator.Time.Shift = TimeSpan.FromMinutes(minutes);
        await coordinator.PassAsync(1, a, b);
        Assert.Empty((await coordinator.StatusAsync(run)).Recoveries);
        await coordinator.PassAsync(1, a, b);
        Assert.Equal(FailureCauses.Exchange, Assert.Single((await coordinator.StatusAsync(run)).Recoveries).Cause);
    }

    [Theory, InlineData(-60), InlineData(60)]
    public async Task A_clock_that_is_set_moves_no_deadline_of_a_start(int minutes)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await HalfReadyAsync(coordinator);

        coordinator.Time.Shift = TimeSpan.FromMinutes(minutes);
        coordinator.Time.Advance(TimeSpan.FromMinutes(15));
        await coordinator.ReconcileAsync();
        await a.BeatAsync();
        await b.BeatAsync();
        Assert.Empty((await coordinator.StatusAsync(run)).Recoveries);
        await coordinator.PassAsync(1, a, b);
        Assert.Equal(FailureCauses.StartTimeout, Assert.Single((await coordinator.StatusAsync(run)).Recoveries).Cause);
    }

    [Fact]
    public async Task A_coordinator_that_was_away_does_not_count_its_absence_as_time_to_start()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await HalfReadyAsync(coordinator);
        await coordinator.StopAsync();
        coordinator.Time.Advance(TimeSpan.FromMinutes(20));
        await coordinator.StartAsync();
        await a.BeatAsync();
        b.Trainer(1).Says(new TrainerEvent.Ready("y"));
        await b.BeatAsync();

        var status = await coordinator.StatusAsync(run);
        Assert.Equal((RunPhase.Starting, 1L, 0), (status.Phase, status.Epoch, status.Recoveries.Count));
    }

    // A gang of which one rank has loaded.
    private static async Task<(string Run, FakeAgent A, FakeAgent B)> HalfReadyAsync(CoordinatorUnderTest coordinator)
    {
        var (a, b) = (coordinator.Agent("a"), coordinator.Agent("b"));
        await a.BeatAsync();
        await b.BeatAsync();
        var run = await coordinator.SubmitAsync(workers: 2);
        await a.BeatAsync();
        await b.BeatAsync();
        a.Trainer(0).Says(new TrainerEvent.Ready("x"));
        await a.BeatAsync();
        return (run.Id, a, b);
    }

    [Fact]
    public async Task A_report_that_a_crash_interrupted_is_written_after_the_restart()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Ends(new TrainerEvent.Finished(100, "model"));
        await a.BeatAsync();

        await coordinator.RestartAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal([run], coordinator.Reporter.Written);
        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(run)).Phase);
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_does_not_fail_a_trained_run()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        coordinator.Reporter.Error = "No space left on device";
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Ends(new TrainerEvent.Finished(100, "model"));
        await a.BeatAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal(RunPhase.Running, (await coordinator.StatusAsync(run)).Phase);
        await coordinator.ReconcileAsync();

        var status = await coordinator.StatusAsync(run);
        Assert.Equal(RunPhase.Succeeded, status.Phase);
        Assert.Contains("No space left on device", status.Reason);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("No space left on device")]
    public async Task A_run_that_fails_after_some_steps_gets_its_report_too_and_has_failed_whatever_becomes_of_it(string? error)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        coordinator.Reporter.Error = error;
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Steps(1, 7).Ends(new TrainerEvent.Failed(FailureCauses.NonFinite, "The loss is NaN.", null));
        await a.BeatAsync();
        Assert.Equal(RunPhase.Failed, (await coordinator.StatusAsync(run)).Phase);
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();

        Assert.Equal([run], coordinator.Reporter.Written);
        Assert.Equal(RunPhase.Failed, (await coordinator.StatusAsync(run)).Phase);
    }

    [Fact]
    public async Task A_run_that_ends_with_its_coordinator_is_reported_all_the_same_and_one_without_steps_is_not()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Steps(1, 7);
        await a.BeatAsync();
        var idle = await coordinator.SubmitAsync("idle", workers: 2);
        await CommandAsync(coordinator, idle.Id, "cancel");
        await CommandAsync(coordinator, run, "cancel");
        foreach (var agent in new[] { a, b, a, b })
        {
            await agent.BeatAsync();
        }

        await coordinator.StopAsync();
        Assert.Equal([run], coordinator.Reporter.Written);
    }

    [Fact]
    public async Task A_trained_run_that_only_writes_its_report_is_neither_paused_nor_cancelled()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).Ends(new TrainerEvent.Finished(100, "model"));
        await a.BeatAsync();
        foreach (var verb in new[] { "pause", "cancel" })
        {
            var response = await coordinator.PostAsync($"/api/v1/runs/{run}/{verb}");
            Assert.Contains("only writes its report", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        await coordinator.ReconcileAsync();
        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(run)).Phase);
    }

    [Fact]
    public async Task A_line_that_is_no_event_does_not_stop_the_heartbeats()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, _) = await Gang.RunningAsync(coordinator);
        a.Trainer(0).SaysText("Segmentation fault").SaysText("{\"event\":\"from_the_future\"}").Steps(1, 1);
        await a.BeatAsync();

        Assert.Equal((1, 0), ((await coordinator.StatusAsync(run)).Step, a.Trainer(0).UnacknowledgedCount));
    }

    [Fact]
    public async Task A_paused_run_frees_its_slots_and_goes_on_from_its_checkpoint()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        Assert.Equal(RunPhase.Pausing, await CommandAsync(coordinator, run, "pause"));
        await a.BeatAsync();
        await b.BeatAsync();
        Assert.True(a.Trainer(0).Order.Stop && b.Trainer(1).Order.Stop);
        a.Trainer(0).Steps(1, 7).Says(new TrainerEvent.Saved(7, "e1-s7")).Ends(new TrainerEvent.Stopped(7));
        b.Trainer(1).Ends(new TrainerEvent.Stopped(7));
        await a.BeatAsync();
        await b.BeatAsync();
        Assert.Empty(b.Orders.Trainers);
        Assert.Equal(RunPhase.Paused, (await coordinator.StatusAsync(run)).Phase);

        Assert.Equal(RunPhase.Starting, await CommandAsync(coordinator, run, "resume"));
        await a.BeatAsync();
        Assert.Equal((2L, "e1-s7"), (a.Trainer(0).Epoch, a.Trainer(0).Assignment.StartCheckpoint));
    }

    [Fact]
    public async Task A_cancelled_run_ends_when_its_trainers_are_gone_and_the_next_one_starts()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var (run, a, b) = await Gang.RunningAsync(coordinator);
        var next = await coordinator.SubmitAsync("next", workers: 2);
        Assert.Equal($"Waits for 2 free slots: 0 are free, run {run} holds 2, next in line.", next.Reason);
        Assert.Equal(RunPhase.Cancelling, await CommandAsync(coordinator, run, "cancel"));
        await a.BeatAsync();
        await b.BeatAsync();
        await a.BeatAsync();
        Assert.Equal(RunPhase.Cancelling, (await coordinator.StatusAsync(run)).Phase);
        await b.BeatAsync();

        Assert.Equal(RunPhase.Cancelled, (await coordinator.StatusAsync(run)).Phase);
        Assert.Equal(next.Id, b.Trainer(1).RunId);
    }

    private static async Task<RunPhase> CommandAsync(CoordinatorUnderTest coordinator, string run, string verb)
    {
        var response = await coordinator.PostAsync($"/api/v1/runs/{run}/{verb}");
        return ProtocolJson.Read<RunStatus>(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Phase;
    }
}
