using Temper.Contracts.Runs;

namespace Temper.Coordinator.Runs.Metrics;

/// <summary>What the owner of a run knows of it while it holds workers or waits to get them back.</summary>
/// <param name="Id">The run.</param>
/// <param name="Name">Its name in the spec.</param>
/// <param name="ExperimentId">Its experiment; empty for none.</param>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="Workers">World size.</param>
/// <param name="Step">Completed steps.</param>
/// <param name="Steps">Steps to make.</param>
/// <param name="UnsafeSince">Since when what it trains would be lost: its last checkpoint, or when it last got workers; null while it has none.</param>
/// <param name="ProgressAt">When it last changed its phase or reported a step, an evaluation or a checkpoint.</param>
/// <param name="CheckpointBytes">Size of the last checkpoint; null before the first.</param>
/// <param name="Recoveries">How often it has lost trainers.</param>
/// <param name="Measures">What its steps have measured; null before the first.</param>
internal sealed record RunView(
    string Id,
    string Name,
    string ExperimentId,
    RunPhase Phase,
    int Workers,
    int Step,
    int Steps,
    DateTimeOffset? UnsafeSince,
    DateTimeOffset ProgressAt,
    long? CheckpointBytes,
    int Recoveries,
    RunMeasures? Measures)
{
    /// <summary>The view of a run; null for one that has ended, is paused, or was never started: nothing happens to it.</summary>
    public static RunView? Of(RunFacts facts, RunState state, DateTimeOffset progressAt, RunMeasures? measures) =>
        state.Phase.IsTerminal() || state.Phase == RunPhase.Paused || state.StartedAt is not { } startedAt
            ? null
            : new RunView(
                facts.Id,
                facts.Spec.Name,
                facts.Experiment?.ExperimentId ?? "",
                state.Phase,
                facts.Spec.Workers,
                state.Step,
                facts.Spec.Training.Steps,
                state.Seats.Count == 0 ? null : new[] { state.CheckpointAt, state.AdmittedAt, startedAt }.Max(),
                progressAt,
                state.CheckpointAt is null ? null : state.CheckpointBytes,
                state.Recoveries.Count,
                measures);
}
