using Temper.Contracts.Agents;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Runs;

/// <summary>
/// One run; the key is its id. A run calls no other grain: calls go from agents to the pool to runs, never back, so that no two
/// can wait for each other.
/// </summary>
[Alias("temper.IRunGrain")]
internal interface IRunGrain : IGrainWithStringKey
{
    /// <summary>What is known of the run; null if there is none of this id.</summary>
    [Alias("GetStatus")]
    Task<RunStatus?> GetStatus();

    /// <summary>Gives the run its workers; false if it no longer waits for any.</summary>
    [Alias("Admit")]
    Task<bool> Admit(Admission admission);

    /// <summary>Says what a waiting run waits for.</summary>
    [Alias("Explain")]
    Task Explain(string reason, WaitingKind kind);

    /// <summary>Takes what an agent says of the run's trainers.</summary>
    [Alias("Report")]
    Task<ReportAnswer> Report(AgentReport report);

    /// <summary>The run's trainers that an agent should run.</summary>
    [Alias("OrdersFor")]
    Task<IReadOnlyList<TrainerOrder>> OrdersFor(string agentId);

    /// <summary>An agent is lost with its trainers.</summary>
    [Alias("LoseAgent")]
    Task LoseAgent(string agentId, string message);

    /// <summary>A run that it starts from will never have a model: it never can start.</summary>
    [Alias("LoseParent")]
    Task LoseParent(string message);

    /// <summary>What a user asks for.</summary>
    [Alias("Command")]
    Task<CommandAnswer> Command(RunCommand command);

    /// <summary>Makes good what a crash left half done; true if the report is to be written.</summary>
    [Alias("Reconcile")]
    Task<bool> Reconcile();

    /// <summary>Name of the draft that must take the place of the run's model before its report is written; null if there is none.</summary>
    [Alias("Draft")]
    Task<string?> Draft();

    /// <summary>The output folder keeps publication or report waiting; <paramref name="message"/> says how, as the end of a sentence.</summary>
    [Alias("Delayed")]
    Task Delayed(string message);

    /// <summary>The draft could not be put in the model's place, and that is not tried any longer.</summary>
    [Alias("Unpublished")]
    Task Unpublished(string draft, string message);

    /// <summary>The report was written; or it cannot be, and <paramref name="error"/> says why.</summary>
    [Alias("Reported")]
    Task Reported(string? error);
}

/// <summary>Workers for a run.</summary>
/// <param name="Members">Where the ranks live.</param>
/// <param name="Sessions">The agent process of each member, in the same order.</param>
/// <param name="HasBf16">Whether every member's device multiplies bf16.</param>
[GenerateSerializer, Immutable, Alias("temper.admission")]
internal sealed record Admission(
    [property: Id(0)] IReadOnlyList<Member> Members,
    [property: Id(1)] IReadOnlyList<string> Sessions,
    [property: Id(2)] bool HasBf16);

/// <summary>What a run waits for, in a word: a small closed set, fit for metric labels.</summary>
internal enum WaitingKind
{
    /// <summary>Slots that others hold, or that others are to have before it.</summary>
    Slots,

    /// <summary>Any agent at all.</summary>
    NoAgent,

    /// <summary>More slots, or larger ones, than all agents have together.</summary>
    TooLarge,

    /// <summary>Runs whose models it starts from.</summary>
    Parents,

    /// <summary>The time of the next attempt, after a failure.</summary>
    BackOff,

    /// <summary>An answer of its output folder.</summary>
    Storage,
}

/// <summary>What an agent says of one run's trainers.</summary>
[GenerateSerializer, Immutable, Alias("temper.agent-report")]
internal sealed record AgentReport(
    [property: Id(0)] string AgentId,
    [property: Id(1)] string Session,
    [property: Id(2)] IReadOnlyList<TrainerReport> Trainers,
    [property: Id(3)] long Number = 0,
    [property: Id(4)] bool Draining = false);

/// <summary>What an agent's report changed.</summary>
internal enum ReportAnswer
{
    /// <summary>Nothing that others must hear of.</summary>
    Nothing,

    /// <summary>Which workers the run holds or wants.</summary>
    WorkersChanged,

    /// <summary>The run is trained: its workers are free, and its report is to be written.</summary>
    ReportIsDue,
}

/// <summary>What a user can ask of a run.</summary>
internal enum RunCommand
{
    Pause,
    Resume,
    Cancel,

    /// <summary>Start a failed run again from its checkpoint.</summary>
    Retry,

    /// <summary>The same, if it failed for want of a model that it starts from: that one is tried again.</summary>
    RetryWithParent,
}

/// <summary>What became of a command.</summary>
/// <param name="Status">The run afterwards; null if there is none.</param>
/// <param name="Refusal">Why nothing was done; null if it was, or had been before.</param>
[GenerateSerializer, Immutable, Alias("temper.command-answer")]
internal sealed record CommandAnswer([property: Id(0)] RunStatus? Status, [property: Id(1)] string? Refusal);
