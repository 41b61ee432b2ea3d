using Temper.Contracts.Runs;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Runs.Metrics;

namespace Temper.Coordinator.Tests.Observability;

public class RunTallyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly RunState Recovering = new()
    {
        Phase = RunPhase.Recovering,
        Epoch = 1,
        WaitingSince = Noon,
        Recoveries = [new Recovery(Noon, 1, FailureCauses.AgentLost, "gone", 5)],
    };

    [Fact]
    public void A_wait_counts_from_the_submission_or_from_when_it_waits_anew()
    {
        var starting = new RunState { Phase = RunPhase.Starting, Epoch = 1 };

        Assert.Equal(TimeSpan.FromSeconds(30), RunTally.Of(new RunState(), starting, Noon, After(30)).Waited);
        Assert.Equal(TimeSpan.FromSeconds(10), RunTally.Of(new RunState { WaitingSince = After(20) }, starting, Noon, After(30)).Waited);
        Assert.Null(RunTally.Of(new RunState(), new RunState { Phase = RunPhase.Cancelled }, Noon, After(30)).Waited);
    }

    [Fact]
    public void A_gang_is_gathered_when_it_trains_and_not_when_it_fails()
    {
        var starting = new RunState { Phase = RunPhase.Starting, Epoch = 1, AdmittedAt = After(5) };

        Assert.Equal(TimeSpan.FromSeconds(7), RunTally.Of(starting, starting with { Phase = RunPhase.Running }, Noon, After(12)).Gathered);
        Assert.Null(RunTally.Of(starting, Recovering, Noon, After(12)).Gathered);
    }

    [Fact]
    public void A_recovery_counts_once_and_its_duration_when_the_run_trains_again()
    {
        var running = new RunState { Phase = RunPhase.Running, Epoch = 1 };
        var starting = Recovering with { Phase = RunPhase.Starting, Epoch = 2 };

        Assert.Equal(FailureCauses.AgentLost, RunTally.Of(running, Recovering, Noon, Noon).Recovery);
        Assert.Null(RunTally.Of(Recovering, starting, Noon, After(3)).Recovery);
        Assert.Equal((FailureCauses.AgentLost, TimeSpan.FromSeconds(8)), RunTally.Of(starting, starting with { Phase = RunPhase.Running }, Noon, After(8)).Recovered);
    }

    [Fact]
    public void A_recovery_that_a_user_paused_has_no_duration()
    {
        var starting = Recovering with { Phase = RunPhase.Starting, Epoch = 2, WaitingSince = After(3600) };

        Assert.Null(RunTally.Of(starting, starting with { Phase = RunPhase.Running }, Noon, After(3610)).Recovered);
    }

    [Fact]
    public void A_failure_has_its_cause_and_a_damaged_checkpoint_is_counted_when_it_is_found()
    {
        var running = new RunState { Phase = RunPhase.Running, Epoch = 1 };
        var failed = running with { Phase = RunPhase.Failed, FailureCause = FailureCauses.NonFinite };

        Assert.Equal(FailureCauses.NonFinite, RunTally.Of(running, failed, Noon, Noon).Failure);
        Assert.Null(RunTally.Of(running, running with { Phase = RunPhase.Succeeded }, Noon, Noon).Failure);
        Assert.Equal(1, RunTally.Of(running, Recovering with { DamagedCheckpoints = ["e1-s5"] }, Noon, Noon).DamagedCheckpoints);
    }

    private static DateTimeOffset After(int seconds) => Noon.AddSeconds(seconds);
}
