using CsCheck;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Tests.Support;
using Temper.Mixture.Tasks;

namespace Temper.Coordinator.Tests.Runs;

public class RunRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly RunFacts Facts = new(
        "r1",
        new RunSpec("demo", new Dictionary<string, TaskSpec>(), new TrainingSpec(100), Workers: 2),
        [],
        "/out",
        Noon,
        [],
        null);

    [Fact]
    public void Admission_starts_the_next_epoch_from_the_last_checkpoint()
    {
        var state = After(new RunState { Epoch = 4, Phase = RunPhase.Recovering, Checkpoints = [new(10, "a"), new(20, "b")] }, Admitted());

        Assert.Equal((RunPhase.Starting, 5L, 20, "b"), (state.Phase, state.Epoch, state.Step, state.Start!.Name));
        Assert.Equal(Precision.Bf16, state.Precision);
    }

    [Fact]
    public void The_number_format_of_the_first_start_is_kept()
    {
        var state = After(new RunState { Precision = Precision.Fp32 }, Admitted());

        Assert.Equal(Precision.Fp32, state.Precision);
    }

    [Fact]
    public void A_run_that_does_not_wait_is_not_admitted()
    {
        var state = Running();

        Assert.Same(state, After(state, Admitted()));
    }

    [Fact]
    public void What_carries_another_epoch_changes_nothing()
    {
        var state = Running();
        RunEvent[] stale =
        [
            new RunEvent.RankReady(0, 0, "x"), new RunEvent.RankStarted(0, 0, 5, 1, 1), new RunEvent.StepMade(0, 50), new RunEvent.CheckpointSaved(0, 50, "old"),
            new RunEvent.RankStopped(2, 0, 50), new RunEvent.RankFinished(0, 0, 100, "model"), new RunEvent.RankFailed(0, 0, FailureCauses.TrainerDied, "x", null),
            new RunEvent.RankGone(0, 0), new RunEvent.RankListed(0, 0, 9),
        ];

        Assert.All(stale, e => Assert.Same(state, After(state, e)));
    }

    [Fact]
    public void A_dead_trainer_makes_the_run_recover_from_its_checkpoint()
    {
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 30, "s30"), new RunEvent.StepMade(1, 42), Failed(1, FailureCauses.TrainerDied, "killed by signal 9"));

        Assert.Equal((RunPhase.Recovering, 30, 42, 0), (state.Phase, state.Step, state.BestStep, state.AttemptsWithoutProgress));
        Assert.Equal(new Recovery(Noon, 1, FailureCauses.TrainerDied, "Rank 1 on agent b: killed by signal 9", 30), Assert.Single(state.Recoveries));
        Assert.Empty(state.Seats);
    }

    // Ranks 0 and 1 are on agents a and b.
    [Theory]
    [InlineData(FailureCauses.TrainerDied, null, "b")]
    [InlineData(FailureCauses.TrainerSilent, null, "b")]
    [InlineData(FailureCauses.OutOfMemory, null, "b")]
    [InlineData(FailureCauses.StorageUnreadable, null, "b")]
    [InlineData(FailureCauses.Exchange, 0, "a")]
    [InlineData(FailureCauses.Exchange, null, null)]
    [InlineData(FailureCauses.NoProgress, null, null)]
    [InlineData(FailureCauses.TrainerError, null, null)]
    [InlineData(FailureCauses.StorageFull, null, null)]
    [InlineData(FailureCauses.AgentLost, null, null)]
    [InlineData(FailureCauses.CheckpointDamaged, null, null)]
    public void A_failure_counts_against_the_agent_of_the_rank_that_it_names(string cause, int? peer, string? suspect)
    {
        var failed = After(Running(), new RunEvent.RankFailed(1, 1, cause, "broke", peer), new RunEvent.AgentHeard("a"));
        var state = RunRule.Apply(Facts, failed, new RunEvent.Tick(), Noon + RunRule.SuspicionTime).State;

        Assert.Equal((cause, suspect), (state.Recoveries[^1].Cause, state.Recoveries[^1].Suspects?.Single()));
    }

    [Fact]
    public void After_a_step_a_failure_counts_against_no_agent() => Assert.Null(
        After(Running(), new RunEvent.StepMade(1, 1), Failed(1, FailureCauses.TrainerDied, "killed")).Recoveries[^1].Suspects);

    [Fact]
    public void Ranks_that_wait_for_each_other_on_one_agent_count_against_that_one()
    {
        var one = Running() with { Seats = [.. Running().Seats.Select(seat => seat with { AgentId = "a" })] };
        var state = RunRule.Apply(Facts, After(one, Failed(0, FailureCauses.NoProgress, "stuck")), new RunEvent.Tick(), Noon + RunRule.SuspicionTime).State;

        Assert.Equal(["a"], state.Recoveries[^1].Suspects);
    }

    [Theory]
    [InlineData(FailureCauses.NonFinite)]
    [InlineData(FailureCauses.SourcesDiffer)]
    public void What_would_end_the_same_way_is_not_tried_again(string cause)
    {
        var state = After(Running(), Failed(0, cause, "loss is NaN in task rte, rows 1-4"));

        Assert.Equal(RunPhase.Failed, state.Phase);
        Assert.Contains("rows 1-4", state.Reason);
        Assert.Contains(cause, state.Reason);
    }

    [Fact]
    public void Three_attempts_without_progress_end_a_run()
    {
        var state = new RunState();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Equal(attempt - 1, state.AttemptsWithoutProgress);
            state = After(state, Admitted(), Failed(0, FailureCauses.TrainerError, "out of memory", epoch: attempt));
        }

        Assert.Equal((RunPhase.Failed, 3), (state.Phase, state.Recoveries.Count));
        Assert.Contains("out of memory", state.Reason);
    }

    [Theory]
    [InlineData(FailureCauses.AgentLost)]
    [InlineData(FailureCauses.AgentDrained)]
    [InlineData(FailureCauses.StorageFull)]
    [InlineData(FailureCauses.StorageUnreadable)]
    public void What_is_not_the_runs_fault_spends_no_attempt(string cause)
    {
        var state = new RunState();
        for (var attempt = 1; attempt <= 20; attempt++)
        {
            state = After(state, Admitted(), Failed(0, cause, "not my fault", epoch: attempt));
        }

        Assert.Equal((RunPhase.Recovering, 20, 0), (state.Phase, state.Recoveries.Count, state.AttemptsWithoutProgress));
    }

    [Fact]
    public void Each_cause_has_a_count_of_its_own()
    {
        string[] causes = [FailureCauses.TrainerDied, FailureCauses.NoProgress, FailureCauses.OutOfMemory, FailureCauses.TrainerDied, FailureCauses.OutOfMemory, FailureCauses.StorageFull];
        var state = new RunState();
        foreach (var (i, cause) in causes.Index())
        {
            state = RunRule.Apply(Facts, After(state, Admitted(), Failed(0, cause, "broke", epoch: i + 1)), new RunEvent.Tick(), Noon + RunRule.SuspicionTime).State;
            Assert.Equal(RunPhase.Recovering, state.Phase);
        }

        Assert.Equal(
            [(FailureCauses.NoProgress, 1), (FailureCauses.OutOfMemory, 2), (FailureCauses.StorageFull, 0), (FailureCauses.TrainerDied, 2)],
            state.Failures.Select(pair => (pair.Key, pair.Value.Attempts)));
        Assert.Equal(RunPhase.Failed, After(state, Admitted(), Failed(0, FailureCauses.TrainerDied, "broke", epoch: 7)).Phase);
    }

    [Fact]
    public void A_full_disk_is_waited_for_longer_each_time_and_progress_ends_the_row()
    {
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 30, "s30"), new RunEvent.StepMade(1, 40), Failed(0, FailureCauses.StorageFull, "No space left on device."));
        Assert.Equal(Noon + TimeSpan.FromSeconds(2), state.RetryAt);
        Assert.Equal("Rank 0 on agent a: No space left on device. Goes on from the checkpoint of step 30 when there is space.", state.Reason);
        state = After(state, Admitted(), new RunEvent.StepMade(2, 40), Failed(0, FailureCauses.StorageFull, "No space left on device.", epoch: 2));
        Assert.Equal(Noon + TimeSpan.FromSeconds(4), state.RetryAt);

        state = After(state, Admitted());
        Assert.Null(state.RetryAt);
        state = After(state, new RunEvent.StepMade(3, 41), Failed(0, FailureCauses.StorageFull, "No space left on device.", epoch: 3));
        Assert.Equal(Noon + TimeSpan.FromSeconds(2), state.RetryAt);
        Assert.Null(After(state, new RunEvent.PauseAsked(), new RunEvent.ResumeAsked()).RetryAt);
    }

    [Fact]
    public void A_failed_run_that_is_retried_goes_on_from_its_checkpoint_with_a_new_epoch_and_nothing_held_against_it()
    {
        var failed = After(
            Running(), new RunEvent.CheckpointSaved(1, 30, "s30"), new RunEvent.StepMade(1, 42), Failed(0, FailureCauses.CheckpointDamaged, "hash differs"), Admitted(),
            Failed(0, FailureCauses.SourcesDiffer, "other rows", epoch: 2));
        Assert.Equal((RunPhase.Failed, FailureCauses.SourcesDiffer), (failed.Phase, failed.FailureCause));
        Assert.Contains("retry the run", failed.Reason);

        var retried = After(failed, new RunEvent.RetryAsked());
        Assert.Equal((RunPhase.Queued, 0, 0, null, null), (retried.Phase, retried.Failures.Count, retried.DamagedCheckpoints.Count, retried.EndedAt, retried.FailureCause));
        var started = After(retried, Admitted(new CheckpointMark(30, "s30")));
        Assert.Equal((RunPhase.Starting, 3L, "s30"), (started.Phase, started.Epoch, started.Start?.Name));
    }

    [Fact]
    public void A_run_that_would_fail_the_same_way_is_not_retried()
    {
        var failed = After(Running(), Failed(0, FailureCauses.NonFinite, "loss is NaN"));

        Assert.Same(failed, After(failed, new RunEvent.RetryAsked()));
    }

    [Fact]
    public void Nothing_but_a_failed_run_is_retried() => Assert.All(
        [new RunState(), Running(), After(new RunState(), new RunEvent.CancelAsked()), After(new RunState(), new RunEvent.PauseAsked())],
        state => Assert.Same(state, After(state, new RunEvent.RetryAsked())));

    [Fact]
    public void Resuming_lifts_the_ban_on_a_checkpoint()
    {
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 30, "s30"), new RunEvent.StepMade(1, 42), Failed(0, FailureCauses.TrainerDied, "killed"), Admitted(), Failed(0, FailureCauses.CheckpointDamaged, "hash differs", epoch: 2));
        Assert.Equal(["s30"], state.DamagedCheckpoints);
        Assert.Null(After(state, Admitted(new CheckpointMark(30, "s30"))).Start);
        Assert.Equal("s30", After(state, new RunEvent.PauseAsked(), new RunEvent.ResumeAsked(), Admitted(new CheckpointMark(30, "s30"))).Start?.Name);
    }

    [Fact]
    public void A_rank_that_is_never_ready_ends_the_attempt_at_its_deadline()
    {
        var waiting = After(new RunState(), Admitted(), new RunEvent.RankReady(1, 0, "x"));
        Assert.Equal(RunPhase.Starting, RunRule.Apply(Facts, waiting, new RunEvent.Tick(), Noon + RunRule.StartTime).State.Phase);

        var late = RunRule.Apply(Facts, waiting, new RunEvent.Tick(), Noon + RunRule.StartTime + TimeSpan.FromSeconds(1)).State;
        Assert.Equal((RunPhase.Recovering, FailureCauses.StartTimeout), (late.Phase, Assert.Single(late.Recoveries).Cause));
        Assert.Equal("Rank 1 on agent b was not ready within 15 minutes. Goes on from the beginning.", late.Reason);
        var met = After(waiting, new RunEvent.RankReady(1, 1, "y"));
        Assert.Same(met, RunRule.Apply(Facts, met, new RunEvent.Tick(), Noon.AddHours(1)).State);
    }

    [Theory, InlineData(-10), InlineData(10)]
    public void When_the_clock_is_set_what_is_timed_by_it_moves_along(int minutes)
    {
        var by = TimeSpan.FromMinutes(minutes);
        var waiting = After(Running(), Failed(0, FailureCauses.StorageFull, "full"));
        var starting = After(new RunState(), Admitted());
        var suspicious = After(Running(), Failed(0, FailureCauses.Exchange, "reset", peer: 1));

        Assert.Equal(Noon + TimeSpan.FromSeconds(2) + by, After(waiting, new RunEvent.ClockSet(by)).RetryAt);
        Assert.Equal(Noon + by, After(waiting, new RunEvent.ClockSet(by)).WaitingSince);
        Assert.Equal(Noon + RunRule.StartTime + by, After(starting, new RunEvent.ClockSet(by)).StartUntil);
        Assert.Equal(Noon + RunRule.SuspicionTime + by, After(suspicious, new RunEvent.ClockSet(by)).Suspicion?.Until);
        Assert.Same(starting, After(starting, new RunEvent.ClockSet(TimeSpan.Zero)));
    }

    [Theory, InlineData(-60), InlineData(60)]
    public void A_run_that_wakes_waits_for_nothing_longer_than_it_would_anew(int minutes)
    {
        var now = Noon.AddMinutes(minutes);
        var waiting = Woken(After(Running(), Failed(0, FailureCauses.StorageFull, "full")));
        var starting = Woken(After(new RunState(), Admitted()));

        Assert.Equal(minutes < 0 ? now.AddMinutes(10) : Noon.AddSeconds(2), waiting.RetryAt);
        Assert.Equal(minutes < 0 ? now : Noon, waiting.WaitingSince);
        Assert.Equal(now + RunRule.StartTime, starting.StartUntil);
        Assert.Equal(now + RunRule.SuspicionTime, Woken(After(Running(), Failed(0, FailureCauses.Exchange, "reset", peer: 1))).Suspicion?.Until);

        RunState Woken(RunState state) => RunRule.Apply(Facts, state, new RunEvent.Woken(), now).State;
    }

    [Fact]
    public void A_start_that_an_earlier_version_wrote_down_has_its_deadline_too()
    {
        var waiting = After(new RunState(), Admitted()) with { StartUntil = null };

        Assert.Same(waiting, RunRule.Apply(Facts, waiting, new RunEvent.Tick(), Noon + RunRule.StartTime).State);
        Assert.Equal(RunPhase.Recovering, RunRule.Apply(Facts, waiting, new RunEvent.Tick(), Noon + RunRule.StartTime + TimeSpan.FromSeconds(1)).State.Phase);
    }

    [Fact]
    public void An_attempt_that_gets_further_than_all_before_starts_the_count_anew()
    {
        var state = After(Running(), new RunEvent.StepMade(1, 10), Failed(0, FailureCauses.TrainerDied, "1"));
        state = After(state, Admitted(), new RunEvent.StepMade(2, 10), Failed(0, FailureCauses.TrainerDied, "2", epoch: 2));
        Assert.Equal(1, state.AttemptsWithoutProgress);
        state = After(state, Admitted(), new RunEvent.StepMade(3, 11), Failed(0, FailureCauses.TrainerDied, "3", epoch: 3));
        Assert.Equal(0, state.AttemptsWithoutProgress);
    }

    [Fact]
    public void A_damaged_checkpoint_gives_way_to_the_one_before_and_counts_as_no_attempt()
    {
        var state = new RunState { Phase = RunPhase.Queued, Checkpoints = [new(10, "a"), new(20, "b")], BestStep = 20 };

        state = After(state, Admitted(), Failed(0, FailureCauses.CheckpointDamaged, "hash of weights differs", epoch: 1));
        Assert.Equal((RunPhase.Recovering, 10, 0), (state.Phase, state.Step, state.AttemptsWithoutProgress));
        state = After(state, Admitted());
        Assert.Equal("a", state.Start!.Name);
        state = After(state, Failed(0, FailureCauses.CheckpointDamaged, "hash of weights differs", epoch: 2), Admitted());
        Assert.Null(state.Start);
        Assert.Equal(0, state.Step);
    }

    [Fact]
    public void A_newer_checkpoint_that_is_only_in_the_folder_is_gone_on_from()
    {
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 10, "a"), Failed(0, FailureCauses.TrainerDied, "killed"), Admitted(new(40, "d"), new(30, "c"), new(900, "of no step")));

        Assert.Equal((40, "d", 40), (state.Step, state.Start!.Name, Assert.Single(state.Recoveries).FromStep));
        Assert.Equal(["c", "d"], state.Checkpoints.Select(mark => mark.Name).TakeLast(2));
    }

    [Fact]
    public void A_checkpoint_that_was_never_reported_is_used_since_it_carries_the_rows_of_its_steps()
    {
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 10, "a"), Failed(0, FailureCauses.TrainerDied, "killed"), Admitted(new(10, "a"), new(30, "c")));
        Assert.Equal(30, state.Start?.Step);

        Assert.Equal(30, After(Running(), Failed(0, FailureCauses.TrainerDied, "killed"), Admitted(new CheckpointMark(30, "c"))).Start?.Step);
    }

    [Fact]
    public void A_reported_checkpoint_that_is_no_longer_there_gives_way_to_one_that_is()
    {
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 10, "a"), new RunEvent.CheckpointSaved(1, 20, "b"), Failed(0, FailureCauses.TrainerDied, "killed"));

        Assert.Equal("a", After(state, Admitted(new CheckpointMark(10, "a"))).Start?.Name);
        Assert.Equal("b", After(state, Admitted()).Start?.Name);
    }

    [Fact]
    public void A_checkpoint_of_the_folder_that_was_found_damaged_is_not_tried_again()
    {
        CheckpointMark[] found = [new(30, "c"), new(40, "d")];
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 10, "a"), Failed(0, FailureCauses.TrainerDied, "killed"), Admitted(found), Failed(0, FailureCauses.CheckpointDamaged, "hash differs", epoch: 2), Admitted(found));
        Assert.Equal("c", state.Start!.Name);
        state = After(state, Failed(0, FailureCauses.CheckpointDamaged, "hash differs", epoch: 3), Admitted(found));
        Assert.Null(state.Start);
    }

    [Fact]
    public void Only_names_of_checkpoints_of_past_epochs_count() => Assert.Equal(
        [new CheckpointMark(9, "step-00000009-epoch-2"), new CheckpointMark(20, "step-00000020-epoch-1")],
        CheckpointFolder.Marks(["step-00000020-epoch-1", "step-00000030-epoch-3", "step-00000040-epoch-1.unfinished", "step-5-epoch-1", "step-00000009-epoch-2", "notes"], epoch: 2));

    [Fact]
    public void A_broken_exchange_waits_for_the_death_behind_it()
    {
        var state = After(Running(), Failed(0, FailureCauses.Exchange, "connection reset", peer: 1));
        Assert.Equal(RunPhase.Running, state.Phase);

        state = After(state, Failed(1, FailureCauses.TrainerDied, "killed by signal 9"));
        Assert.Equal((RunPhase.Recovering, FailureCauses.TrainerDied), (state.Phase, Assert.Single(state.Recoveries).Cause));
        Assert.StartsWith("Rank 1 on agent b", state.Recoveries[0].Message);
    }

    [Fact]
    public void A_broken_exchange_with_a_silent_agent_blames_the_agent()
    {
        var suspicious = After(Running(), Failed(0, FailureCauses.Exchange, "connection reset", peer: 1), new RunEvent.AgentHeard("a"));
        Assert.Equal(RunPhase.Running, RunRule.Apply(Facts, suspicious, new RunEvent.Tick(), Noon + RunRule.SuspicionTime - TimeSpan.FromTicks(1)).State.Phase);

        var state = RunRule.Apply(Facts, suspicious, new RunEvent.Tick(), Noon + RunRule.SuspicionTime).State;
        Assert.Equal(FailureCauses.AgentLost, Assert.Single(state.Recoveries).Cause);
        Assert.StartsWith("Rank 1 on agent b", state.Recoveries[0].Message);
    }

    [Fact]
    public void A_broken_exchange_between_living_ranks_is_a_broken_exchange()
    {
        var suspicious = After(Running(), Failed(0, FailureCauses.Exchange, "deadline passed", peer: 1), new RunEvent.AgentHeard("b"));

        var state = RunRule.Apply(Facts, suspicious, new RunEvent.Tick(), Noon + RunRule.SuspicionTime).State;
        Assert.Equal(FailureCauses.Exchange, Assert.Single(state.Recoveries).Cause);
        Assert.Contains("rank 1 on agent b", state.Recoveries[0].Message);
    }

    [Fact]
    public void Blame_is_followed_round_the_ring_and_ends_where_it_began()
    {
        var state = After(Running(), Failed(0, FailureCauses.Exchange, "no answer", peer: 1), Failed(1, FailureCauses.Exchange, "no answer either", peer: 0));

        Assert.Equal((RunPhase.Recovering, FailureCauses.Exchange), (state.Phase, Assert.Single(state.Recoveries).Cause));
        Assert.StartsWith("Rank 0 on agent a", state.Recoveries[0].Message);
    }

    [Fact]
    public void A_pause_ends_when_all_ranks_have_stopped()
    {
        var state = After(Running(), new RunEvent.PauseAsked());
        Assert.Equal(RunPhase.Pausing, state.Phase);
        state = After(state, new RunEvent.CheckpointSaved(1, 7, "s7"), new RunEvent.RankStopped(1, 0, 7));
        Assert.Equal(RunPhase.Pausing, state.Phase);
        state = After(state, new RunEvent.RankStopped(1, 1, 7));
        Assert.Equal((RunPhase.Paused, 0), (state.Phase, state.Seats.Count));

        state = After(state, new RunEvent.ResumeAsked());
        Assert.Equal(RunPhase.Queued, state.Phase);
        Assert.Equal("s7", After(state, Admitted()).Start!.Name);
    }

    [Fact]
    public void Trainers_that_may_have_met_are_asked_to_save_and_others_are_ended()
    {
        var waiting = After(new RunState(), Admitted(), new RunEvent.RankReady(1, 0, "x"));
        Assert.Equal((RunPhase.Paused, 0), After(waiting, new RunEvent.PauseAsked()) is var paused ? (paused.Phase, paused.Seats.Count) : default);

        // A heartbeat later than they.
        var state = After(waiting, new RunEvent.RankReady(1, 1, "y"), new RunEvent.PauseAsked());
        Assert.Equal(RunPhase.Pausing, state.Phase);
        state = After(
            state, new RunEvent.RankStarted(1, 0, 0, 1000, 1), new RunEvent.StepMade(1, 5), new RunEvent.CheckpointSaved(1, 6, "s6"), new RunEvent.RankStopped(1, 0, 6), new RunEvent.RankStopped(1, 1, 6));
        Assert.Equal((RunPhase.Paused, 6, "s6"), (state.Phase, state.Step, state.LastCheckpoint!.Name));
    }

    [Fact]
    public void A_run_that_loses_a_trainer_while_pausing_is_paused_all_the_same()
    {
        var state = After(Running(), new RunEvent.CheckpointSaved(1, 7, "s7"), new RunEvent.StepMade(1, 9), new RunEvent.PauseAsked(), new RunEvent.AgentLost("b", "gone."));

        Assert.Equal((RunPhase.Paused, 7, 1), (state.Phase, state.Step, state.Recoveries.Count));
    }

    [Fact]
    public void A_cancelled_run_holds_its_slots_until_the_trainers_are_gone()
    {
        var state = After(Running(), new RunEvent.CancelAsked());
        Assert.Equal((RunPhase.Cancelling, 2), (state.Phase, state.Seats.Count));
        state = After(state, new RunEvent.RankGone(1, 0), new RunEvent.RankFinished(1, 1, 100, "model"));
        Assert.Equal((RunPhase.Cancelled, Noon), (state.Phase, state.EndedAt));
    }

    [Fact]
    public void An_agent_that_is_lost_after_its_ranks_have_finished_changes_nothing_for_the_run()
    {
        var state = After(Running(), new RunEvent.RankFinished(1, 1, 100, "model"), new RunEvent.AgentLost("b", "gone."));
        Assert.Equal((RunPhase.Running, SeatEnd.Gone, 0), (state.Phase, state.Seats[1].End, state.Recoveries.Count));
        Assert.Same(state, After(state, new RunEvent.AgentLost("b", "gone.")));

        Assert.True(After(state, new RunEvent.RankFinished(1, 0, 100, "model")).ReportIsDue);
        Assert.Equal(RunPhase.Cancelled, After(state, new RunEvent.CancelAsked(), new RunEvent.RankGone(1, 0)).Phase);
        Assert.Equal(RunPhase.Recovering, After(state, new RunEvent.AgentLost("a", "gone.")).Phase);
    }

    [Fact]
    public void A_run_that_only_writes_its_report_is_not_cancelled()
    {
        var state = After(Running(), new RunEvent.RankFinished(1, 0, 100, "model"));

        Assert.Same(state, After(state, new RunEvent.CancelAsked()));
    }

    [Fact]
    public void A_waiting_run_is_cancelled_at_once() =>
        Assert.Equal(RunPhase.Cancelled, After(new RunState(), new RunEvent.CancelAsked()).Phase);

    [Fact]
    public void A_finished_run_succeeds_when_its_report_is_written()
    {
        var state = After(Running(), new RunEvent.RankFinished(1, 1, 100, "model"));
        Assert.False(state.ReportIsDue);
        state = After(state, new RunEvent.RankFinished(1, 0, 100, "model"));
        Assert.True(state.ReportIsDue);
        Assert.Empty(state.Seats);
        Assert.Equal(RunPhase.Succeeded, After(state, new RunEvent.Reported(null)).Phase);
        Assert.Contains("disk full", After(state, new RunEvent.Reported("disk full")).Reason);
    }

    [Fact]
    public void Random_lives_leave_a_terminal_phase_by_retry_alone_and_never_turn_the_epoch_back() =>
        Gen.Select(AnyEvent, Gen.Int[0, 3]).Array[0, 60].Sample(steps =>
        {
            var (state, now) = (new RunState(), Noon);
            foreach (var (e, seconds) in steps)
            {
                now += TimeSpan.FromSeconds(seconds);
                var next = RunRule.Apply(Facts, state, e, now).State;
                Assert.True(!state.Phase.IsTerminal() || ReferenceEquals(next, state) || (state.Phase, e, next.Phase) is (RunPhase.Failed, RunEvent.RetryAsked, RunPhase.Queued), $"{state.Phase} was left by {e}");
                Assert.True(next.Epoch >= state.Epoch && next.Epoch <= state.Epoch + 1);
                Assert.True(next.Epoch == state.Epoch || (e is RunEvent.Admitted && state.Phase.Waits()), $"{e} began epoch {next.Epoch}");
                Assert.Equal(next.Seats.Count > 0, next.Phase is RunPhase.Starting or RunPhase.Pausing or RunPhase.Cancelling || (next.Phase == RunPhase.Running && !next.ReportIsDue));
                Assert.Equal(next.Phase.IsTerminal(), next.EndedAt is not null);
                Assert.True(next.Recoveries.Count >= state.Recoveries.Count);
                Assert.All(next.Failures, pair =>
                {
                    Assert.True(next.Phase == RunPhase.Failed || pair.Value.Attempts < 3, $"{pair.Key} spent {pair.Value.Attempts} attempts");
                    Assert.True(pair.Value.Attempts <= pair.Value.InARow && pair.Value.InARow > 0);
                    Assert.True(FailurePolicy.Of(pair.Key).Budget != AttemptBudget.None || pair.Value.Attempts == 0, $"{pair.Key} spent an attempt");
                });
                Assert.True(next.RetryAt is null || next.Phase is RunPhase.Recovering or RunPhase.Paused);
                Assert.True(next.RetryAt is null || next.RetryAt <= now + TimeSpan.FromMinutes(10));
                Assert.True(!(next.Phase == RunPhase.Failed && state.Phase != RunPhase.Failed) || next.FailureCause is { } cause && FailurePolicy.Of(cause).Budget != AttemptBudget.None, $"{next.FailureCause} ended the run");
                state = next;
            }
        });

    private static Gen<RunEvent> AnyEvent { get; } = AnyEventGen();

    private static Gen<RunEvent> AnyEventGen()
    {
        var epoch = Gen.Long[0, 3];
        var rank = Gen.Int[0, 2];
        var step = Gen.Int[0, 100];
        var cause = AnyOf.Values(
            [.. FailureCauses.All, FailureCauses.TrainerDied, FailureCauses.Exchange, FailureCauses.Exchange, FailureCauses.CheckpointDamaged]);
        return Gen.OneOf<RunEvent>(
            Gen.Const<RunEvent>(Admitted()),
            step.Select(s => (RunEvent)Admitted(new CheckpointMark(s, $"found-{s}"))),
            Gen.Select(epoch, rank, (e, r) => (RunEvent)new RunEvent.RankReady(e, r, "offer")),
            Gen.Select(epoch, rank, step, (e, r, s) => (RunEvent)new RunEvent.RankStarted(e, r, s, 1, 1)),
            Gen.Select(epoch, step, (e, s) => (RunEvent)new RunEvent.StepMade(e, s)),
            Gen.Select(epoch, step, (e, s) => (RunEvent)new RunEvent.CheckpointSaved(e, s, $"{e}-{s}")),
            Gen.Select(epoch, rank, step, (e, r, s) => (RunEvent)new RunEvent.RankStopped(e, r, s)),
            Gen.Select(epoch, rank, step, (e, r, s) => (RunEvent)new RunEvent.RankFinished(e, r, s, s % 2 == 0 ? "model" : $"model.epoch-{e}")),
            epoch.Select(e => (RunEvent)new RunEvent.Unpublished($"model.epoch-{e}", "read-only")),
            Gen.Select(epoch, rank, cause, rank.Nullable(), (e, r, c, p) => (RunEvent)new RunEvent.RankFailed(e, r, c, "broke", p)),
            Gen.Select(epoch, rank, (e, r) => (RunEvent)new RunEvent.RankGone(e, r)),
            Gen.Select(epoch, rank, (e, r) => (RunEvent)new RunEvent.RankListed(e, r, 3)),
            AnyOf.Values<RunEvent>(
                new RunEvent.AgentHeard("a"), new RunEvent.AgentHeard("b"), new RunEvent.AgentLost("a", "gone."), new RunEvent.PauseAsked(), new RunEvent.ResumeAsked(),
                new RunEvent.CancelAsked(), new RunEvent.RetryAsked(), new RunEvent.RetryAsked(), new RunEvent.Reported(null), new RunEvent.Delayed("waits."), new RunEvent.Tick(), new RunEvent.Tick()));
    }

    private static RunEvent.Admitted Admitted(params IReadOnlyList<CheckpointMark> found) => new([new Seat(0, "a", 0, "sa"), new Seat(1, "b", 0, "sb")], Precision.Bf16, "secret", found);

    private static RunState Running() => After(
        new RunState(), Admitted(), new RunEvent.RankReady(1, 0, "x"), new RunEvent.RankReady(1, 1, "y"), new RunEvent.RankStarted(1, 0, 0, 1000, 1));

    private static RunEvent.RankFailed Failed(int rank, string cause, string message, int? peer = null, long epoch = 1) => new(epoch, rank, cause, message, peer);

    private static RunState After(RunState state, params RunEvent[] events) => events.Aggregate(state, (s, e) => RunRule.Apply(Facts, s, e, Noon).State);
}
