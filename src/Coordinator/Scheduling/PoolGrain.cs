using Microsoft.Extensions.Logging;
using Temper.Contracts.Runs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Scheduling;

/// <summary>Shell around <see cref="SchedulerRule"/> and <see cref="AgentHealthRule"/>: keeps when each agent was last heard, reads the open runs from the index, tells runs the decisions.</summary>
[KeepAlive]
internal sealed class PoolGrain(RunStore store, CoordinatorOptions options, Clock clock, PoolMetrics metrics, ISiloStatusOracle cluster, ILogger<PoolGrain> log) : Grain, IPoolGrain
{
    // Two and a half heartbeats: an agent that has just died should not get the run that has just lost it.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Forgetting = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, (AgentPresence Presence, TimeSpan HeardAt)> _agents = [];
    private readonly HashSet<string> _failing = [];
    private TimeSpan _startedAt = clock.Elapsed;
    private TimeSpan _tickedAt = clock.Elapsed;
    private readonly ClockWatch _watch = new(clock);
    private IReadOnlyCollection<SiloAddress> _coordinators = [];
    private IReadOnlyList<OpenRun> _open = [];

    // Kept in memory only: after a restart of the coordinator an agent gets work again, until runs have failed on it again.
    private Dictionary<string, RunStatus> _seen = [];
    private AgentHealth _health = AgentHealth.Unknown;
    private IReadOnlyList<(WaitingKind Kind, DateTimeOffset Since)> _waiting = [];

    /// <summary>
    /// After a crash between writing a run's state and its index row, the row is stale and its slots look free. Each run corrects its row
    /// when it is activated, so all are activated before anything is scheduled.
    /// </summary>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        foreach (var run in await store.OpenRunsAsync())
        {
            await Try(run.Status.Id, grain => grain.Reconcile());
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        metrics.Show(null);
        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<string>> Heard(AgentPresence agent)
    {
        // An operator who has repaired a machine restarts its agent.
        if (_agents.TryGetValue(agent.Id, out var earlier) && earlier.Presence.Session != agent.Session)
        {
            _health = AgentHealthRule.Forget(_health, agent.Id);
        }

        var isNews = !_agents.TryGetValue(agent.Id, out var known) || known.Presence != agent || StateOf(known) is AgentState.Late or AgentState.Lost;
        _agents[agent.Id] = (agent, clock.Elapsed);
        return isNews ? await Schedule(agent.Id) : RunsOn(agent.Id);
    }

    public async Task<IReadOnlyList<string>> Schedule(string? agentId)
    {
        await Read();
        if (_watch.Jump() != TimeSpan.Zero)
        {
            // Runs store when their next attempt is due; they shift it with the clock.
            foreach (var run in _open)
            {
                await Try(run.Status.Id, grain => grain.Reconcile());
            }

            await Read();
        }

        var skipped = new HashSet<string>();
        while (await Place(skipped) is { } refused)
        {
            // This run cannot be admitted: the others must not wait for slots that nobody uses.
            skipped.Add(refused);
            await Read();
        }

        metrics.Show(new PoolView(Present(), _waiting));
        return agentId is null ? [] : RunsOn(agentId);
    }

    public async Task Tick()
    {
        ForgiveOwnAbsence();
        ForgiveDeathOfCoordinator();
        await Read();
        foreach (var run in _open)
        {
            foreach (var agentId in run.Status.Members.Select(member => member.AgentId).Distinct())
            {
                if (Loss(agentId) is { } loss)
                {
                    await Try(run.Status.Id, grain => grain.LoseAgent(agentId, loss));
                }
            }
        }

        // An agent that announced its end is not reported as lost.
        foreach (var id in _agents.Where(agent => clock.Elapsed - agent.Value.HeardAt > Forgetting || (agent.Value.Presence.Draining && StateOf(agent.Value) == AgentState.Lost)).Select(agent => agent.Key).ToList())
        {
            _agents.Remove(id);
            _health = AgentHealthRule.Forget(_health, id);
        }

        await Schedule(null);
    }

    public async Task<IReadOnlyList<AgentStatus>> Agents()
    {
        await Read();
        return Present();
    }

    private IReadOnlyList<AgentStatus> Present()
    {
        var trainers = _open
            .SelectMany(run => run.Status.Members.Select(member => (member.AgentId, Trainer: new AgentTrainer(member.Slot, run.Status.Id, member.Rank))))
            .ToLookup(pair => pair.AgentId, pair => pair.Trainer);
        return [.. _agents.Values.OrderBy(agent => agent.Presence.Id, StringComparer.Ordinal).Select(agent => new AgentStatus(
            agent.Presence.Id,
            agent.Presence.Host,
            StateOf(agent) == AgentState.Ready && AgentHealthRule.BackOff(_health, agent.Presence.Id, clock.Elapsed) is not null ? AgentState.BackingOff : StateOf(agent),
            agent.Presence.SlotCount,
            agent.Presence.MemoryPerSlot,
            agent.Presence.HasBf16,
            clock.Now - (clock.Elapsed - agent.HeardAt),
            [.. trainers[agent.Presence.Id].OrderBy(trainer => trainer.Slot)],
            AgentHealthRule.BackOff(_health, agent.Presence.Id, clock.Elapsed)))];
    }

    // Failures since the last look tell how healthy agents are. Runs call no other grain, so they are read from the index.
    private async Task Read()
    {
        _open = await store.OpenRunsAsync();
        var now = _open.ToDictionary(run => run.Status.Id, run => run.Status);
        foreach (var (id, before) in _seen)
        {
            if ((now.GetValueOrDefault(id) ?? await store.StatusAsync(id)) is { } after)
            {
                _health = AgentHealthRule.Observe(_health, before, after, clock.Elapsed, clock.Now);
            }
        }

        _seen = now;
        _health = AgentHealthRule.EndTrials(_health, now.Values);
    }

    // One round. Returns a run that could not be admitted, if any; then the round is repeated without it.
    private async Task<string?> Place(HashSet<string> skipped)
    {
        var offers = _agents.Values
            .Where(agent => StateOf(agent) is AgentState.Ready or AgentState.Late)
            .Select(agent => new AgentOffer(agent.Presence.Id, agent.Presence.SlotCount, agent.Presence.MemoryPerSlot, agent.Presence.HasBf16, StateOf(agent) == AgentState.Ready, AgentHealthRule.Doubt(_health, agent.Presence.Id, clock.Elapsed)))
            .ToList();
        var demands = _open
            .Where(run => !(run.Status.Phase.Waits() && skipped.Contains(run.Status.Id)))
            .Select(run => RunDemand.Of(run) with { Avoids = AgentHealthRule.FailedOn(_health, run.Status.Id) })
            .ToList();
        var schedule = SchedulerRule.Decide(offers, demands, clock.Now);
        foreach (var placement in schedule.Placements)
        {
            var sessions = placement.Members.Select(member => _agents[member.AgentId].Presence.Session).ToList();
            if (!await Try(placement.RunId, grain => grain.Admit(new Admission(placement.Members, sessions, placement.HasBf16))))
            {
                return placement.RunId;
            }

            _health = AgentHealthRule.Try(_health, placement.RunId, placement.Members.Select(member => member.AgentId));
        }

        foreach (var (orphan, why) in schedule.Orphans)
        {
            await Try(orphan, grain => grain.LoseParent(why));
        }

        foreach (var run in _open)
        {
            // In a long queue most runs wait for the same reason as a second ago; those are not called.
            if (schedule.Reasons.TryGetValue(run.Status.Id, out var reason) && !run.Status.Reason.EndsWith(reason, StringComparison.Ordinal))
            {
                await Try(run.Status.Id, grain => grain.Explain(reason, schedule.Kinds[run.Status.Id]));
            }
        }

        _waiting = [.. demands.Where(demand => schedule.Kinds.ContainsKey(demand.Id)).Select(demand => (schedule.Kinds[demand.Id], demand.WaitingSince ?? clock.Now))];

        if (schedule.Placements.Count + schedule.Orphans.Count > 0)
        {
            await Read();
        }

        return null;
    }

    // Ticks come every second. After a gap this process was stopped or the machine asleep, so the agents were not the silent ones.
    private void ForgiveOwnAbsence()
    {
        var (now, gap) = (clock.Elapsed, clock.Elapsed - _tickedAt);
        _tickedAt = now;
        if (gap < Absence)
        {
            return;
        }

        _startedAt += gap;
        foreach (var (id, agent) in _agents.ToList())
        {
            var heardAt = agent.HeardAt + gap;
            _agents[id] = (agent.Presence, heardAt < now ? heardAt : now);
        }
    }

    // The coordinator that an agent was connected to is gone; the agent needs some time to find another one.
    private void ForgiveDeathOfCoordinator()
    {
        var living = cluster.GetApproximateSiloStatuses(onlyActive: true).Keys;
        if (_coordinators.Except(living).Any())
        {
            foreach (var (id, agent) in _agents.Where(agent => StateOf(agent.Value) != AgentState.Lost).ToList())
            {
                _agents[id] = (agent.Presence, clock.Elapsed);
            }
        }

        _coordinators = [.. living];
    }

    // A run that cannot be read or stored does not affect the others. It is tried again each time, and logged once.
    private async Task<bool> Try(string runId, Func<IRunGrain, Task> call)
    {
        try
        {
            await call(GrainFactory.GetGrain<IRunGrain>(runId));
            _failing.Remove(runId);
            return true;
        }
        catch (Exception e)
        {
            if (_failing.Add(runId))
            {
                log.LogError(e, "Run {Run} fails; the others go on without it, and it is tried again", runId);
            }

            return false;
        }
    }

    private IReadOnlyList<string> RunsOn(string agentId) =>
        [.. _open.Where(run => run.Status.Members.Any(member => member.AgentId == agentId)).Select(run => run.Status.Id)];

    // Agents not heard since this start may not have reconnected yet: a restart of the coordinator must not restart runs.
    private string? Loss(string agentId) => _agents.TryGetValue(agentId, out var agent)
        ? StateOf(agent) == AgentState.Lost ? $"the agent was not heard for {options.AgentSilence.TotalSeconds:0} seconds." : null
        : clock.Elapsed - _startedAt > options.AgentGrace ? $"the agent did not come back within {options.AgentGrace.TotalSeconds:0} seconds after the coordinator's start." : null;

    private AgentState StateOf((AgentPresence Presence, TimeSpan HeardAt) agent) => (clock.Elapsed - agent.HeardAt) switch
    {
        var silence when silence > options.AgentSilence => AgentState.Lost,
        _ when agent.Presence.Draining => AgentState.Draining,
        var silence when silence > Freshness => AgentState.Late,
        _ => AgentState.Ready,
    };
}
