using Temper.Coordinator.Runs;

namespace Temper.Coordinator.Scheduling;

/// <summary>What the owner of the pool knows, as of its last tick.</summary>
/// <param name="Agents">Agents that were heard lately.</param>
/// <param name="Waiting">Runs that wait: for what, and since when.</param>
internal sealed record PoolView(IReadOnlyList<AgentStatus> Agents, IReadOnlyList<(WaitingKind Kind, DateTimeOffset Since)> Waiting);
