using System.Text.Json.Serialization;

namespace Temper.Contracts.Runs;

/// <summary>Where a run is in its life. Succeeded, Failed and Cancelled are terminal: they are never left.</summary>
public enum RunPhase
{
    /// <summary>Accepted, waits for workers.</summary>
    Queued,

    /// <summary>Workers are assigned, trainers start and meet.</summary>
    Starting,

    /// <summary>Trainers make steps or evaluate.</summary>
    Running,

    /// <summary>A trainer was lost; waits for workers to go on from the last checkpoint.</summary>
    Recovering,

    /// <summary>Trainers are asked to save a checkpoint and end.</summary>
    Pausing,

    /// <summary>Holds no workers; goes on from its checkpoint when resumed.</summary>
    Paused,

    /// <summary>Trainers are asked to end without a checkpoint.</summary>
    Cancelling,

    /// <summary>Trained, evaluated, reported.</summary>
    Succeeded,

    /// <summary>Ended by an error; the message says which.</summary>
    Failed,

    /// <summary>Ended by a user.</summary>
    Cancelled,
}

/// <summary>Questions about <see cref="RunPhase"/>.</summary>
public static class RunPhases
{
    /// <summary>Whether the phase is never left.</summary>
    public static bool IsTerminal(this RunPhase phase) => phase is RunPhase.Succeeded or RunPhase.Failed or RunPhase.Cancelled;

    /// <summary>Whether the run wants workers but has none.</summary>
    public static bool Waits(this RunPhase phase) => phase is RunPhase.Queued or RunPhase.Recovering;
}

/// <summary>Where one rank of a run lives.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="AgentId">The agent that runs it.</param>
/// <param name="Slot">The agent's slot (device), from 0.</param>
[GenerateSerializer, Immutable, Alias("temper.member")]
public sealed record Member([property: Id(0)] int Rank, [property: Id(1)] string AgentId, [property: Id(2)] int Slot);

/// <summary>One recovery of a run: when, why, and from where it went on.</summary>
/// <param name="At">When the loss was noticed.</param>
/// <param name="Epoch">The epoch that ended.</param>
/// <param name="Cause">Kind of failure, one of <see cref="FailureCauses"/>.</param>
/// <param name="Message">What happened, to which rank.</param>
/// <param name="FromStep">The step of the checkpoint that the next epoch starts from; 0 if from the beginning.</param>
/// <param name="Suspects">The agents that the failure counts against: those of the ranks that it names, if their machines may be the cause and the epoch had made no step. Null if there are none.</param>
[GenerateSerializer, Immutable, Alias("temper.recovery")]
public sealed record Recovery(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] long Epoch,
    [property: Id(2)] string Cause,
    [property: Id(3)] string Message,
    [property: Id(4)] int FromStep,
    [property: Id(5)][property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Suspects = null);

/// <summary>What is known of a run. Times are UTC.</summary>
/// <param name="Id">The run's id.</param>
/// <param name="Name">Its name in the spec.</param>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="Reason">Why it is in this phase: what it waits for, or why it ended; a sentence.</param>
/// <param name="Step">Completed steps.</param>
/// <param name="Steps">Steps to make.</param>
/// <param name="Epoch">The fencing epoch: how many times trainers were started.</param>
/// <param name="Workers">World size.</param>
/// <param name="Members">Where the ranks live; empty without workers.</param>
/// <param name="Recoveries">Past recoveries.</param>
/// <param name="CheckpointStep">Step of the last checkpoint; null before the first.</param>
/// <param name="OutputDirectory">Folder of checkpoints, model and report.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="StartedAt">When its trainers first started.</param>
/// <param name="EndedAt">When it reached a terminal phase.</param>
/// <param name="Precision">Resolved number format, <c>fp32</c> or <c>bf16</c>; null before the first start.</param>
/// <param name="Priority">Its place in the queue, 0 to 100: larger goes first.</param>
/// <param name="WaitingSince">Since when it waits for workers; null while it does not.</param>
/// <param name="StartsFrom">The runs whose models it starts from.</param>
/// <param name="ExperimentId">The experiment that it belongs to; null for none.</param>
/// <param name="ExperimentKey">Its name within the experiment.</param>
/// <param name="RetryAt">The earliest time of its next attempt, while it waits after a failure; null if it may start at once.</param>
[GenerateSerializer, Immutable, Alias("temper.run-status")]
public sealed record RunStatus(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] RunPhase Phase,
    [property: Id(3)] string Reason,
    [property: Id(4)] int Step,
    [property: Id(5)] int Steps,
    [property: Id(6)] long Epoch,
    [property: Id(7)] int Workers,
    [property: Id(8)] IReadOnlyList<Member> Members,
    [property: Id(9)] IReadOnlyList<Recovery> Recoveries,
    [property: Id(10)] int? CheckpointStep,
    [property: Id(11)] string OutputDirectory,
    [property: Id(12)] DateTimeOffset CreatedAt,
    [property: Id(13)] DateTimeOffset? StartedAt,
    [property: Id(14)] DateTimeOffset? EndedAt,
    [property: Id(15)] string? Precision,
    [property: Id(16)] int Priority = 50,
    [property: Id(17)] DateTimeOffset? WaitingSince = null,
    [property: Id(18)] IReadOnlyList<string>? StartsFrom = null,
    [property: Id(19)] string? ExperimentId = null,
    [property: Id(20)] string? ExperimentKey = null,
    [property: Id(21)] DateTimeOffset? RetryAt = null);
