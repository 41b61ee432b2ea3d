using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Experiments;

/// <summary>What an experiment remembers besides its runs.</summary>
internal sealed record ExperimentState
{
    public bool CancelAsked { get; init; }

    /// <summary>How it ended; null until the report is written.</summary>
    public ExperimentPhase? Ended { get; init; }

    /// <summary>Why the report could not be written.</summary>
    public string? ReportError { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How often it has been opened again after its end.</summary>
    public int Reopened { get; init; }
}

/// <summary>Where an experiment is, as a pure function of what it remembers and of its runs.</summary>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="Reason">Why; a sentence.</param>
/// <param name="ReportIsDue">Whether all runs have ended and the report is to be written.</param>
/// <param name="ToCancel">Runs that are still to be cancelled.</param>
internal sealed record ExperimentView(ExperimentPhase Phase, string Reason, bool ReportIsDue, IReadOnlyList<string> ToCancel)
{
    public static ExperimentView Of(ExperimentState state, IReadOnlyList<RunStatus> runs)
    {
        var open = runs.Where(run => !run.Phase.IsTerminal()).ToList();
        var unsuccessful = runs.Where(run => run.Phase is RunPhase.Failed or RunPhase.Cancelled).ToList();
        var toCancel = state.CancelAsked ? open.Where(run => run.Phase != RunPhase.Cancelling).Select(run => run.Id).ToList() : [];
        return (state.Ended, open.Count) switch
        {
            ({ } ended, _) => new(ended, Why(ended, state, runs, unsuccessful), false, []),
            (_, 0) => new(ExperimentPhase.Reporting, "All runs have ended; the report is being written.", true, []),
            _ when state.CancelAsked => new(ExperimentPhase.Cancelling, $"{open.Count} of {Runs(runs.Count)} still end.", false, toCancel),
            _ when open.All(run => run.Phase == RunPhase.Paused) => new(ExperimentPhase.Paused, $"{open.Count} of {Runs(runs.Count)} {(open.Count == 1 ? "is" : "are")} paused; resume to go on.", false, []),
            _ => new(ExperimentPhase.Running, Progress(runs, open, unsuccessful), false, []),
        };

        static string Progress(IReadOnlyList<RunStatus> runs, List<RunStatus> open, List<RunStatus> unsuccessful)
        {
            var active = open.Count(run => run.Members.Count > 0);
            var failed = unsuccessful.Count == 0 ? "" : $", {unsuccessful.Count} without success";
            return $"{runs.Count - open.Count} of {Runs(runs.Count)} have ended{failed}; {active} {(active == 1 ? "has" : "have")} workers, {open.Count - active} wait.";
        }
    }

    /// <summary>How it ends, now that its report is written or cannot be.</summary>
    public static ExperimentState End(ExperimentState state, IReadOnlyList<RunStatus> runs, string? reportError, DateTimeOffset now)
    {
        var phase = runs.All(run => run.Phase == RunPhase.Succeeded) ? ExperimentPhase.Succeeded
            : state.CancelAsked && runs.Any(run => run.Phase == RunPhase.Cancelled) ? ExperimentPhase.Cancelled
            : ExperimentPhase.Failed;
        return state with { Ended = phase, ReportError = reportError, EndedAt = now };
    }

    private static string Why(ExperimentPhase ended, ExperimentState state, IReadOnlyList<RunStatus> runs, List<RunStatus> unsuccessful)
    {
        var report = state.ReportError is null ? "the report is written." : $"the report could not be written: {state.ReportError}";
        return ended switch
        {
            ExperimentPhase.Succeeded => $"All {Runs(runs.Count)} succeeded; {report}",
            ExperimentPhase.Cancelled => $"Cancelled by a user; {runs.Count - unsuccessful.Count} of {Runs(runs.Count)} had succeeded; {report}",
            _ => $"{unsuccessful.Count} of {Runs(runs.Count)} did not succeed, the first {unsuccessful[0].ExperimentKey}: {unsuccessful[0].Reason} Of the others {report}",
        };
    }

    private static string Runs(int count) => count == 1 ? "1 run" : $"{count} runs";
}
