namespace Temper.Contracts.Agents;

// The conversation between an agent and the coordinator: once a second the agent says what is (a heartbeat), and hears what
// should be (orders). Both are whole pictures, not differences: a lost message is made good by the next one.

/// <summary>
/// The one grain that agents may call; its key is the agent's id, and each coordinator has one of its own. The call carries the agent's token in the request context
/// under <see cref="TokenKey"/>.
/// </summary>
[Alias("temper.IAgentGrain")]
public interface IAgentGrain : IGrainWithStringKey
{
    /// <summary>Name of the request-context entry that holds the agent's token.</summary>
    public const string TokenKey = "temper.agent-token";

    /// <summary>Says what this agent has and runs; returns what it should run.</summary>
    [Alias("Heartbeat")]
    Task<AgentOrders> Heartbeat(AgentHeartbeat heartbeat);
}

/// <summary>What an agent has and runs.</summary>
/// <param name="Session">New for each start of the agent process.</param>
/// <param name="Host">Name of its machine, for people.</param>
/// <param name="SlotCount">Trainers that it can run at once, one per device.</param>
/// <param name="MemoryPerSlot">Bytes of memory that one trainer may use.</param>
/// <param name="HasBf16">Whether its devices multiply bf16 natively.</param>
/// <param name="Trainers">Its trainers, ended ones included until the coordinator no longer orders them.</param>
/// <param name="Number">Larger with each heartbeat of a session, so that one which was held up on its way is not taken for news. 0 if the agent does not count them.</param>
/// <param name="Draining">Whether it is asked to end: its trainers save and stop, and it takes no new ones.</param>
[GenerateSerializer, Immutable, Alias("temper.heartbeat")]
public sealed record AgentHeartbeat(
    [property: Id(0)] string Session,
    [property: Id(1)] string Host,
    [property: Id(2)] int SlotCount,
    [property: Id(3)] long MemoryPerSlot,
    [property: Id(4)] bool HasBf16,
    [property: Id(5)] IReadOnlyList<TrainerReport> Trainers,
    [property: Id(6)] long Number = 0,
    [property: Id(7)] bool Draining = false);

/// <summary>State of a trainer process as its agent sees it.</summary>
public enum TrainerProcessState
{
    /// <summary>Not started yet: the process that had its slot is not gone.</summary>
    Pending,

    /// <summary>The process runs, or was killed and is not gone yet.</summary>
    Running,

    /// <summary>The process has ended; its last event says how, or <see cref="Runs.FailureCauses.TrainerDied"/> is added by the agent.</summary>
    Ended,
}

/// <summary>One trainer and what it said since the coordinator last acknowledged.</summary>
/// <param name="RunId">Its run.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="State">Its process.</param>
/// <param name="FirstSequence">Number of the first event in <paramref name="Events"/>; events are numbered from 0 per trainer.</param>
/// <param name="Events">JSON of <see cref="TrainerEvent"/>, in order; sent again until acknowledged.</param>
[GenerateSerializer, Immutable, Alias("temper.trainer-report")]
public sealed record TrainerReport(
    [property: Id(0)] string RunId,
    [property: Id(1)] long Epoch,
    [property: Id(2)] int Rank,
    [property: Id(3)] TrainerProcessState State,
    [property: Id(4)] long FirstSequence,
    [property: Id(5)] IReadOnlyList<string> Events);

/// <summary>What an agent should run: it ends every trainer that is not listed.</summary>
/// <param name="Trainers">The trainers to run.</param>
[GenerateSerializer, Immutable, Alias("temper.orders")]
public sealed record AgentOrders([property: Id(0)] IReadOnlyList<TrainerOrder> Trainers);

/// <summary>One trainer to run.</summary>
/// <param name="RunId">Its run.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="Slot">The agent's slot for it; whatever else occupies the slot is ended first.</param>
/// <param name="Assignment">JSON of <see cref="TrainerAssignment"/>.</param>
/// <param name="Offers">What every rank of this epoch published with <see cref="TrainerEvent.Ready"/>, in the order of ranks; null until all have.</param>
/// <param name="Stop">Whether the trainer should save a checkpoint and end.</param>
/// <param name="Acknowledged">Number of events that the coordinator has stored and need not be sent again.</param>
[GenerateSerializer, Immutable, Alias("temper.trainer-order")]
public sealed record TrainerOrder(
    [property: Id(0)] string RunId,
    [property: Id(1)] long Epoch,
    [property: Id(2)] int Rank,
    [property: Id(3)] int Slot,
    [property: Id(4)] string Assignment,
    [property: Id(5)] IReadOnlyList<string>? Offers,
    [property: Id(6)] bool Stop,
    [property: Id(7)] long Acknowledged);
