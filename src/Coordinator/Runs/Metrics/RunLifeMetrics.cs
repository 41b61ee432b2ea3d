using Prometheus;
using Temper.Contracts.Runs;
using Temper.Coordinator.Observability;
using static Temper.Coordinator.Observability.MetricRegistry;

namespace Temper.Coordinator.Runs.Metrics;

/// <summary>What happens to runs: waiting, starting, failing and recovering. Counted where a change is stored.</summary>
internal sealed class RunLifeMetrics
{
    private const string NoReason = "none";
    private static readonly double[] s_waitBuckets = [1, 5, 15, 60, 300, 900, 3600, 14400, 86400];

    private readonly Counter _transitions;
    private readonly Counter _failures;
    private readonly Histogram _queueWait;
    private readonly Histogram _gangAdmission;
    private readonly Counter _recoveries;
    private readonly Histogram _recoveryDuration;
    private readonly Counter _nonFiniteSteps;
    private readonly Counter _damagedCheckpoints;

    public RunLifeMetrics(MetricRegistry registry)
    {
        _transitions = registry.Counter("temper_run_transitions_total", "Changes of phase of all runs.", "from", "to");
        _failures = registry.Counter("temper_run_failures_total", "Runs that ended as failed, by the cause of the last failure.", "cause");
        _queueWait = registry.Histogram("temper_queue_wait_duration_seconds", "Seconds that runs waited until they got all their workers, by what they waited for last; 'none' had never to be told. Those that still wait, or gave up, are left out.", s_waitBuckets, "reason");
        _gangAdmission = registry.Histogram("temper_gang_admission_duration_seconds", "Seconds from the assignment of all slots until all ranks had met and trained. Attempts that failed before are left out.", MetricRegistry.SlowBuckets);
        _recoveries = registry.Counter("temper_recoveries_total", "Epochs that ended by a failure and were followed by another attempt, or were the last one allowed; failures that are never tried again are left out.", "cause");
        _recoveryDuration = registry.Histogram("temper_recovery_duration_seconds", "Seconds from noticing the last loss until the run trained again, waiting for workers included. Runs that were paused in between are left out.", MetricRegistry.SlowBuckets, "cause");
        _nonFiniteSteps = registry.Counter("temper_nonfinite_steps_total", "Steps whose loss or gradient was no finite number; each ends its run.");
        _damagedCheckpoints = registry.Counter("temper_checkpoints_damaged_total", "Checkpoints that a run was to start from and that were missing or not what had been written.");

        // Zero is something else than nothing: a rate over a counter that has just appeared misses its first event.
        foreach (var cause in FailureCauses.All)
        {
            _failures.WithLabels(cause).Inc(0);
            _recoveries.WithLabels(cause).Inc(0);
            _recoveryDuration.WithLabels(cause);
        }

        foreach (var kind in Enum.GetValues<WaitingKind>().Select(Word).Append(NoReason))
        {
            _queueWait.WithLabels(kind);
        }
    }

    /// <summary>A change of a run was stored.</summary>
    /// <param name="tally">What it adds.</param>
    /// <param name="waitedFor">What the run was last told that it waits for; null for nothing.</param>
    public void Count(RunTally tally, WaitingKind? waitedFor)
    {
        if (tally.From != tally.To)
        {
            _transitions.WithLabels(Word(tally.From), Word(tally.To)).Inc();
        }

        if (tally.Waited is { } waited)
        {
            _queueWait.WithLabels(waitedFor is { } kind ? Word(kind) : NoReason).Observe(waited.TotalSeconds);
        }

        if (tally.Gathered is { } gathered)
        {
            _gangAdmission.Observe(gathered.TotalSeconds);
        }

        if (tally.Recovery is { } recovery)
        {
            _recoveries.WithLabels(recovery).Inc();
        }

        if (tally.Recovered is var (cause, duration))
        {
            _recoveryDuration.WithLabels(cause).Observe(duration.TotalSeconds);
        }

        if (tally.Failure is { } failure)
        {
            _failures.WithLabels(failure).Inc();
            _nonFiniteSteps.Inc(failure == FailureCauses.NonFinite ? 1 : 0);
        }

        _damagedCheckpoints.Inc(tally.DamagedCheckpoints);
    }
}
