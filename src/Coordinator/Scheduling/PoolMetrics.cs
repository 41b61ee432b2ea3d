using Temper.Coordinator.Clocks;
using Temper.Coordinator.Observability;
using Temper.Coordinator.Runs;
using static Temper.Coordinator.Observability.MetricRegistry;

namespace Temper.Coordinator.Scheduling;

/// <summary>Agents, slots and runs that wait, from the coordinator that owns the pool.</summary>
internal sealed class PoolMetrics
{
    private const int MaxAgents = 1000;

    private readonly SnapshotGauge _agents;
    private readonly SnapshotGauge _agentUp;
    private readonly SnapshotGauge _heartbeatAge;
    private readonly SnapshotGauge _slots;
    private readonly SnapshotGauge _waiting;
    private readonly SnapshotGauge _oldestWait;
    private PoolView? _pool;

    public PoolMetrics(MetricRegistry registry, Clock clock)
    {
        _agents = registry.Snapshot("temper_agents", "Agents by state, of those heard in the last ten minutes: ready, late, lost, draining, backing_off (runs keep failing on it: it gets no work for a while). From the owner of the pool.", "state");
        _agentUp = registry.Snapshot("temper_agent_up", $"Whether an agent is not lost (1 or 0); forgotten after ten minutes of silence; of the first {MaxAgents}. From the owner of the pool.", "agent");
        _heartbeatAge = registry.Snapshot("temper_agent_heartbeat_age_seconds", $"Seconds since the coordinator heard an agent, exact to a second; of the first {MaxAgents}. From the owner of the pool.", "agent");
        _slots = registry.Snapshot("temper_slots", "Slots of agents that are not lost, busy or free; free ones of an agent that gets no work are left out. From the owner of the pool.", "state");
        _waiting = registry.Snapshot("temper_queue_waiting_runs", "Runs that wait for workers, by what for: slots, no_agent, too_large (no agent has what they need), parents (models that are still trained), back_off (the next attempt after a failure), storage (an output folder that does not answer). From the owner of the pool.", "reason");
        _oldestWait = registry.Snapshot("temper_queue_oldest_wait_seconds", "Seconds that the run has waited which has waited longest, by what for; 0 if none waits. From the owner of the pool.", "reason");
        registry.OnCollect(() =>
        {
            Fill(Volatile.Read(ref _pool), clock.Now);
            return Task.CompletedTask;
        });
    }

    /// <summary>What this coordinator knows as the pool's owner; null when it is its owner no more.</summary>
    public void Show(PoolView? pool) => Volatile.Write(ref _pool, pool);

    private void Fill(PoolView? pool, DateTimeOffset now)
    {
        var agents = pool?.Agents ?? [];
        var present = agents.Where(agent => agent.State != AgentState.Lost).ToList();
        var shown = agents.Take(MaxAgents).ToList();
        _agents.Set(Of(pool, Enum.GetValues<AgentState>(), state => Value(agents.Count(agent => agent.State == state), Word(state))));
        _agentUp.Set(shown.Select(agent => Value(agent.State == AgentState.Lost ? 0 : 1, agent.Id)));
        _heartbeatAge.Set(shown.Select(agent => Value(Math.Max(0, (now - agent.HeardAt).TotalSeconds), agent.Id)));
        _slots.Set(Of(pool, ["busy", "free"], state => Value(
            present.Sum(agent => state == "busy" ? agent.Trainers.Count : agent.State is AgentState.Draining or AgentState.BackingOff ? 0 : Math.Max(0, agent.SlotCount - agent.Trainers.Count)), state)));
        var waiting = (pool?.Waiting ?? []).ToLookup(run => run.Kind, run => run.Since);
        _waiting.Set(Of(pool, Enum.GetValues<WaitingKind>(), kind => Value(waiting[kind].Count(), Word(kind))));
        _oldestWait.Set(Of(pool, Enum.GetValues<WaitingKind>(), kind => Value(
            waiting[kind].Select(since => (now - since).TotalSeconds).Append(0).Max(), Word(kind))));
    }

    private static IEnumerable<(string[] Labels, double Value)> Of<T>(PoolView? pool, IEnumerable<T> labels, Func<T, (string[] Labels, double Value)> value) =>
        pool is null ? [] : labels.Select(value);
}
