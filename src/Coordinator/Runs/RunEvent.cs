using Temper.Contracts.Specs;

namespace Temper.Coordinator.Runs;

/// <summary>Something that a run reacts to.</summary>
internal abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>The scheduler has found places for all ranks; <paramref name="Found"/> are the whole checkpoints in the run's folder.</summary>
    public sealed record Admitted(IReadOnlyList<Seat> Seats, Precision Precision, string Secret, IReadOnlyList<CheckpointMark> Found) : RunEvent;

    /// <summary>An agent is to end: its trainers save and stop.</summary>
    public sealed record AgentDraining(string AgentId) : RunEvent;

    /// <summary>An agent's heartbeat lists a trainer of this run; <paramref name="Acknowledged"/> of its events are stored now.</summary>
    public sealed record RankListed(long Epoch, int Rank, long Acknowledged) : RunEvent;

    public sealed record RankReady(long Epoch, int Rank, string Offer) : RunEvent;

    public sealed record RankStarted(long Epoch, int Rank, int Step, long Parameters, int Threads, double PeakFlops = 0) : RunEvent;

    public sealed record StepMade(long Epoch, int Step) : RunEvent;

    public sealed record CheckpointSaved(long Epoch, int Step, string Name, long Bytes = 0) : RunEvent;

    public sealed record RankStopped(long Epoch, int Rank, int Step) : RunEvent;

    public sealed record RankFinished(long Epoch, int Rank, int Step, string ModelDirectory) : RunEvent;

    /// <summary>A rank failed; <paramref name="Peer"/> is the rank that it blames.</summary>
    public sealed record RankFailed(long Epoch, int Rank, string Cause, string Message, int? Peer) : RunEvent;

    /// <summary>The rank's process no longer exists.</summary>
    public sealed record RankGone(long Epoch, int Rank) : RunEvent;

    /// <summary>An agent was heard, whatever it said.</summary>
    public sealed record AgentHeard(string AgentId) : RunEvent;

    /// <summary>An agent is lost with every trainer it had; <paramref name="Message"/> says how that is known.</summary>
    public sealed record AgentLost(string AgentId, string Message) : RunEvent;

    /// <summary>A run whose model it starts from will never have one.</summary>
    public sealed record ParentLost(string Message) : RunEvent;

    public sealed record PauseAsked : RunEvent;

    public sealed record ResumeAsked : RunEvent;

    public sealed record CancelAsked : RunEvent;

    /// <summary>A failed run is to be tried again.</summary>
    public sealed record RetryAsked : RunEvent;

    /// <summary>The report was written; or it cannot be, and <paramref name="Error"/> says why.</summary>
    public sealed record Reported(string? Error) : RunEvent;

    /// <summary>The output folder keeps publication or report waiting; <paramref name="Message"/> says how, as the end of a sentence.</summary>
    public sealed record Delayed(string Message) : RunEvent;

    /// <summary>A draft could not be put in the model's place, and that is not tried any longer.</summary>
    public sealed record Unpublished(string Draft, string Message) : RunEvent;

    /// <summary>Time has passed.</summary>
    public sealed record Tick : RunEvent;

    /// <summary>The clock was set: all that is timed by it is due so much later, or, below zero, earlier.</summary>
    public sealed record ClockSet(TimeSpan By) : RunEvent;

    /// <summary>The run was read from the store: nobody knows how long nobody looked after it, or what became of the clock meanwhile.</summary>
    public sealed record Woken : RunEvent;
}

/// <summary>What follows from an event.</summary>
/// <param name="State">The new state.</param>
/// <param name="IsDurable">Whether the new state must be stored before anybody is told.</param>
/// <param name="Notes">What to tell those who watch.</param>
internal sealed record RunChange(RunState State, bool IsDurable, IReadOnlyList<RunNote> Notes);

/// <summary>A happening for people and programs that watch a run.</summary>
internal sealed record RunNote(string Kind, string Message, object? Data = null);
