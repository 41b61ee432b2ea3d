using System.Text.Json.Serialization;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Runs;

/// <summary>
/// What a run remembers. Stored as JSON with one write a change; properties have defaults, so that a state which an older program
/// wrote can be read. <see cref="Step"/> and <see cref="Seat.Acknowledged"/> may be ahead of what is stored: both can be made good.
/// </summary>
internal sealed record RunState
{
    public RunPhase Phase { get; init; } = RunPhase.Queued;

    /// <summary>Why it is in this phase; a sentence.</summary>
    public string Reason { get; init; } = "Waits to be scheduled.";

    /// <summary>The fence: what carries another number is ignored.</summary>
    public long Epoch { get; init; }

    /// <summary>The ranks of this epoch, in order; empty without workers.</summary>
    public IReadOnlyList<Seat> Seats { get; init; } = [];

    /// <summary>Resolved at the first start and kept: another number format would give other losses.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Key with which the ranks of this epoch authenticate each other.</summary>
    public string? Secret { get; init; }

    /// <summary>The last checkpoints that were reported or found whole, oldest first.</summary>
    public IReadOnlyList<CheckpointMark> Checkpoints { get; init; } = [];

    /// <summary>Names of checkpoints that a trainer found damaged: they still lie in the folder and are not tried again until a user resumes or retries the run.</summary>
    public IReadOnlyList<string> DamagedCheckpoints { get; init; } = [];

    public CheckpointMark? LastCheckpoint => Checkpoints.Count > 0 ? Checkpoints[^1] : null;

    /// <summary>What this epoch started from; null for the beginning.</summary>
    public CheckpointMark? Start { get; init; }

    /// <summary>Completed steps.</summary>
    public int Step { get; init; }

    /// <summary>The furthest step that any earlier attempt reached.</summary>
    public int BestStep { get; init; }

    /// <summary>Cause → how often in a row, since a step was last made for the first time. Sorted, so that equal states are written alike.</summary>
    public SortedDictionary<string, FailureCount> Failures { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Attempts in a row that got no further than an earlier one, of all causes that spend any.</summary>
    [JsonIgnore]
    public int AttemptsWithoutProgress => Failures.Values.Sum(count => count.Attempts);

    /// <summary>The earliest time of the next attempt; null if it may start at once.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    public IReadOnlyList<Recovery> Recoveries { get; init; } = [];

    /// <summary>A failure that may only be the consequence of another one, not heard of yet.</summary>
    public Suspicion? Suspicion { get; init; }

    /// <summary>
    /// Folder of the exported model, the draft of this epoch or, from an earlier version, the model in its place; set when training is done and only
    /// publication and report are missing.
    /// </summary>
    public string? ModelDirectory { get; init; }

    /// <summary>Since when it waits for workers, if that is not since it was accepted.</summary>
    public DateTimeOffset? WaitingSince { get; init; }

    /// <summary>When it last got workers.</summary>
    public DateTimeOffset? AdmittedAt { get; init; }

    /// <summary>Until when all ranks of this epoch must be ready; null in what an earlier version wrote.</summary>
    public DateTimeOffset? StartUntil { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the last checkpoint was reported.</summary>
    public DateTimeOffset? CheckpointAt { get; init; }

    /// <summary>Its size.</summary>
    public long CheckpointBytes { get; init; }

    /// <summary>What one device of this epoch reaches, in FLOP/s; 0 if unknown.</summary>
    public double PeakFlops { get; init; }

    /// <summary>One of <see cref="FailureCauses"/> if it has failed.</summary>
    public string? FailureCause { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Number of stored changes; part of the keys of <see cref="LastEvents"/>.</summary>
    public long Changes { get; init; }

    /// <summary>The events of the last change, kept with it until they are surely in the index.</summary>
    public IReadOnlyList<RunEventRow> LastEvents { get; init; } = [];

    /// <summary>Whether it ended without success but has made steps that somebody may want to look at.</summary>
    public bool HasPartialResult => Phase is RunPhase.Failed or RunPhase.Cancelled && Math.Max(Step, BestStep) > 0;

    /// <summary>Whether the report is still to be written.</summary>
    public bool ReportIsDue => ModelDirectory is not null && !Phase.IsTerminal();

    /// <summary>Name of the draft that must take the model's place before the report is written; null if there is none.</summary>
    [JsonIgnore]
    public string? Draft => ReportIsDue && ModelDirectory != OriginRun.ModelDirectory ? ModelDirectory : null;
}

/// <summary>Failures of one cause in a row.</summary>
/// <param name="InARow">All since a step was last made for the first time, the one that ended that attempt included: the next attempt waits by them.</param>
/// <param name="Attempts">Those that spent an attempt: they got no further than an earlier one.</param>
internal sealed record FailureCount(int InARow, int Attempts);

/// <summary>How a rank of this epoch ended.</summary>
internal enum SeatEnd
{
    /// <summary>It has not.</summary>
    None,
    Stopped,
    Finished,
    Failed,

    /// <summary>Its process is gone, as was asked, or after it had finished.</summary>
    Gone,
}

/// <summary>A rank's place.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="AgentId">The agent that runs it.</param>
/// <param name="Slot">The agent's slot.</param>
/// <param name="Session">The agent process that was asked; another one does not have the trainer.</param>
/// <param name="Offer">What the rank published for the others.</param>
/// <param name="Acknowledged">Number of its events that are stored.</param>
/// <param name="Listed">Whether the agent has ever listed the trainer.</param>
/// <param name="End">How it ended.</param>
/// <param name="IsDraining">Whether its agent is to end: then all ranks save and stop.</param>
internal sealed record Seat(
    int Rank,
    string AgentId,
    int Slot,
    string Session,
    string? Offer = null,
    long Acknowledged = 0,
    bool Listed = false,
    SeatEnd End = SeatEnd.None,
    bool IsDraining = false);

/// <summary>A checkpoint that is whole on disk.</summary>
internal sealed record CheckpointMark(int Step, string Name);

/// <summary>A failure that waits for its cause: a broken exchange is mostly the echo of a dead peer.</summary>
/// <param name="Rank">Who reported it.</param>
/// <param name="Cause">Its cause if nothing better is heard.</param>
/// <param name="Message">Its message.</param>
/// <param name="Peer">The rank that is blamed.</param>
/// <param name="Until">When waiting ends.</param>
/// <param name="PeerHeard">Whether the blamed rank's agent was heard since.</param>
internal sealed record Suspicion(int Rank, string Cause, string Message, int? Peer, DateTimeOffset Until, bool PeerHeard);
