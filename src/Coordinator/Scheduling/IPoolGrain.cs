namespace Temper.Coordinator.Scheduling;

/// <summary>All agents and who runs on them; one grain, of the key <see cref="Key"/>. It remembers nothing that heartbeats and the index do not tell it again.</summary>
[Alias("temper.IPoolGrain")]
internal interface IPoolGrain : IGrainWithStringKey
{
    public const string Key = "default";

    /// <summary>An agent was heard; returns the runs that have trainers on it.</summary>
    [Alias("Heard")]
    Task<IReadOnlyList<string>> Heard(AgentPresence agent);

    /// <summary>Looks who can start now; returns the runs that have trainers on <paramref name="agentId"/> afterwards.</summary>
    [Alias("Schedule")]
    Task<IReadOnlyList<string>> Schedule(string? agentId);

    /// <summary>Marks silent agents as lost, then schedules.</summary>
    [Alias("Tick")]
    Task Tick();

    /// <summary>All agents that were heard lately.</summary>
    [Alias("Agents")]
    Task<IReadOnlyList<AgentStatus>> Agents();
}

/// <summary>What an agent says of itself.</summary>
[GenerateSerializer, Immutable, Alias("temper.agent-presence")]
internal sealed record AgentPresence(
    [property: Id(0)] string Id,
    [property: Id(1)] string Session,
    [property: Id(2)] string Host,
    [property: Id(3)] int SlotCount,
    [property: Id(4)] long MemoryPerSlot,
    [property: Id(5)] bool HasBf16,
    [property: Id(6)] bool Draining = false);

/// <summary>Whether an agent can be counted on.</summary>
public enum AgentState
{
    /// <summary>Heard just now.</summary>
    Ready,

    /// <summary>A heartbeat is missing: it keeps its trainers and gets no new ones.</summary>
    Late,

    /// <summary>Silent for too long: its trainers count as lost.</summary>
    Lost,

    /// <summary>It was asked to end: its trainers save and stop, and it gets no new ones.</summary>
    Draining,

    /// <summary>Runs keep failing on it and none makes progress: it gets no new trainers for a while, then one run to be tried with.</summary>
    BackingOff,
}

/// <summary>What is known of an agent.</summary>
[GenerateSerializer, Immutable, Alias("temper.agent-status")]
public sealed record AgentStatus(
    [property: Id(0)] string Id,
    [property: Id(1)] string Host,
    [property: Id(2)] AgentState State,
    [property: Id(3)] int SlotCount,
    [property: Id(4)] long MemoryPerSlot,
    [property: Id(5)] bool HasBf16,
    [property: Id(6)] DateTimeOffset HeardAt,
    [property: Id(7)] IReadOnlyList<AgentTrainer> Trainers,
    [property: Id(8)] AgentBackOff? BackOff = null);

/// <summary>That an agent gets no new trainers, since runs keep failing on it.</summary>
/// <param name="Until">When it is tried again, with one run.</param>
/// <param name="TriedBy">The run that it is tried with now; null if it is not tried yet.</param>
/// <param name="Runs">Runs that failed on it since one made progress there.</param>
/// <param name="Reason">All this, and how the last of them failed; sentences.</param>
[GenerateSerializer, Immutable, Alias("temper.agent-back-off")]
public sealed record AgentBackOff(
    [property: Id(0)] DateTimeOffset Until,
    [property: Id(1)] string? TriedBy,
    [property: Id(2)] int Runs,
    [property: Id(3)] string Reason);

/// <summary>A slot that is taken.</summary>
[GenerateSerializer, Immutable, Alias("temper.agent-trainer")]
public sealed record AgentTrainer([property: Id(0)] int Slot, [property: Id(1)] string RunId, [property: Id(2)] int Rank);
