using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Runs;

/// <summary>What a submission fixed: the part of a run that never changes.</summary>
internal sealed record RunFacts(
    string Id,
    RunSpec Spec,
    IReadOnlyList<string> DataRoots,
    string OutputDirectory,
    DateTimeOffset CreatedAt,
    IReadOnlyList<ModelOrigin> Origins,
    ExperimentMember? Experiment)
{
    public static RunFacts From(RunRow row) =>
        new(row.Id, SpecJson.Read(row.Spec), row.DataRoots, row.OutputDirectory, row.CreatedAt, row.Origins, row.Experiment);

    /// <summary>What is known of the run.</summary>
    /// <param name="state">What it remembers.</param>
    /// <param name="waitsFor">What the scheduler says it waits for, if it does.</param>
    public RunStatus Status(RunState state, string? waitsFor) => new(
        Id,
        Spec.Name,
        state.Phase,
        (state.Phase, waitsFor) switch
        {
            (RunPhase.Queued, { } wait) => wait,
            (RunPhase.Recovering, { } wait) => $"{state.Reason} {wait}",
            _ => state.Reason,
        },
        state.Step,
        Spec.Training.Steps,
        state.Epoch,
        Spec.Workers,
        [.. state.Seats.Select(seat => new Member(seat.Rank, seat.AgentId, seat.Slot))],
        state.Recoveries,
        state.LastCheckpoint?.Step,
        OutputDirectory,
        CreatedAt,
        state.StartedAt,
        state.EndedAt,
        state.Precision?.ToString().ToLowerInvariant(),
        Spec.Priority,
        state.Phase.Waits() ? state.WaitingSince ?? CreatedAt : null,
        [.. Origins.Select(origin => origin.RunId).OfType<string>().Distinct()],
        Experiment?.ExperimentId,
        Experiment?.Key,
        state.Phase.Waits() ? state.RetryAt : null);
}
