using Temper.Contracts.Runs;

namespace Temper.Coordinator.Runs.Metrics;

/// <summary>
/// What one change of a run's state adds to the counters: a pure function of the states before and after. It is counted where the change is
/// stored, so each is counted once, however many coordinators there are.
/// </summary>
/// <param name="From">The phase that was left.</param>
/// <param name="To">The phase that was entered; the same if it stayed.</param>
/// <param name="Waited">How long it had waited for workers, if it got them.</param>
/// <param name="Gathered">How long its ranks took from getting their slots until they trained, if they do now.</param>
/// <param name="Recovery">The cause of an epoch's end after which it is, or would have been, tried again.</param>
/// <param name="Recovered">The cause of the last loss and how long ago it was noticed, if it trains again now.</param>
/// <param name="Failure">The cause of its end, if it has failed.</param>
/// <param name="DamagedCheckpoints">Checkpoints that were found damaged.</param>
internal sealed record RunTally(
    RunPhase From,
    RunPhase To,
    TimeSpan? Waited = null,
    TimeSpan? Gathered = null,
    string? Recovery = null,
    (string Cause, TimeSpan Duration)? Recovered = null,
    string? Failure = null,
    int DamagedCheckpoints = 0)
{
    public static RunTally Of(RunState before, RunState after, DateTimeOffset createdAt, DateTimeOffset now)
    {
        var isAdmitted = before.Phase.Waits() && after.Phase == RunPhase.Starting;
        var hasStarted = before.Phase == RunPhase.Starting && after.Phase == RunPhase.Running;
        return new RunTally(
            before.Phase,
            after.Phase,
            isAdmitted ? Since(before.WaitingSince ?? createdAt, now) : null,
            hasStarted && before.AdmittedAt is { } admittedAt ? Since(admittedAt, now) : null,
            // Recoveries are only ever appended, at most one an epoch.
            after.Recoveries is [.., var last] && (before.Recoveries is not [.., var former] || former.Epoch != last.Epoch) ? last.Cause : null,
            hasStarted && Loss(before) is { } loss ? (loss.Cause, Since(loss.At, now)) : null,
            after.Phase == RunPhase.Failed && before.Phase != RunPhase.Failed ? after.FailureCause ?? FailureCauses.TrainerError : null,
            after.DamagedCheckpoints.Count - before.DamagedCheckpoints.Count);
    }

    // A clock that was set back must not count backwards.
    private static TimeSpan Since(DateTimeOffset start, DateTimeOffset now) => now > start ? now - start : TimeSpan.Zero;

    // The loss that this epoch makes good. One that was paused in between waited for its user.
    private static Recovery? Loss(RunState state) =>
        state.Recoveries is [.., var last] && last.Epoch == state.Epoch - 1 && last.At == state.WaitingSince ? last : null;
}
