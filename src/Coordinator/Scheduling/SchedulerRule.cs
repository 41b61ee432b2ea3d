using Temper.Contracts.Runs;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Scheduling;

/// <summary>An agent as the scheduler sees it.</summary>
/// <param name="Id">The agent.</param>
/// <param name="SlotCount">Trainers that it can run at once.</param>
/// <param name="MemoryPerSlot">Bytes that one trainer may use; 0 if unknown.</param>
/// <param name="HasBf16">Whether its devices multiply bf16.</param>
/// <param name="IsFresh">Whether it was heard just now: a late one keeps its trainers but gets no new ones.</param>
/// <param name="Doubt">Why it gets no work, or one run at most; null if it gets all that it has room for.</param>
internal sealed record AgentOffer(string Id, int SlotCount, long MemoryPerSlot, bool HasBf16, bool IsFresh, AgentDoubt? Doubt = null);

/// <summary>A run that has not ended, as the scheduler sees it.</summary>
/// <param name="Id">The run.</param>
/// <param name="Order">Place in the order of submission.</param>
/// <param name="Phase">Its phase.</param>
/// <param name="Workers">Slots that it needs.</param>
/// <param name="MemoryBytes">Bytes that each of its trainers needs.</param>
/// <param name="Members">Slots that it holds.</param>
/// <param name="Priority">From 0 to 100; larger goes first.</param>
/// <param name="WaitingSince">Since when it waits for slots; null if unknown: then it gains nothing by waiting.</param>
/// <param name="Parents">The runs whose models it starts from.</param>
/// <param name="RetryAt">The earliest time of its next attempt; null if it may start at once.</param>
/// <param name="Avoids">Agents on which it has failed: others are taken before them.</param>
internal sealed record RunDemand(
    string Id,
    long Order,
    RunPhase Phase,
    int Workers,
    long MemoryBytes,
    IReadOnlyList<Member> Members,
    int Priority = 50,
    DateTimeOffset? WaitingSince = null,
    IReadOnlyList<ParentRun>? Parents = null,
    DateTimeOffset? RetryAt = null,
    IReadOnlyCollection<string>? Avoids = null)
{
    /// <summary>What a run that has not ended asks for.</summary>
    // Waiting for slots begins when the models are there to start from: else who waits for a long training would overtake everybody after it.
    public static RunDemand Of(OpenRun run) => new(
        run.Status.Id,
        run.Order,
        run.Status.Phase,
        run.Status.Workers,
        run.MemoryBytes,
        run.Status.Members,
        run.Status.Priority,
        run.Parents.Select(parent => parent.EndedAt).Append(run.Status.WaitingSince).Max(),
        [.. run.Parents.Select(parent => new ParentRun(parent.Id, parent.Phase))],
        run.Status.RetryAt);

    /// <summary>Whether its next attempt is still to wait. A clock that was set back to before the wait began ends it: nobody waits out the jump.</summary>
    public bool BacksOff(DateTimeOffset now) => now < RetryAt && !(now < WaitingSince);
}

/// <summary>A run whose model another one starts from.</summary>
internal sealed record ParentRun(string RunId, RunPhase Phase);

/// <summary>A run gets all its workers.</summary>
internal sealed record Placement(string RunId, IReadOnlyList<Member> Members, bool HasBf16);

/// <summary>Each waiting run is in one of the three.</summary>
/// <param name="Placements">Who starts now.</param>
/// <param name="Reasons">What each of the others waits for.</param>
/// <param name="Orphans">Who can never start, and why: a run whose model it starts from has ended without one.</param>
/// <param name="Kinds">The reasons in a word.</param>
internal sealed record Schedule(
    IReadOnlyList<Placement> Placements,
    IReadOnlyDictionary<string, string> Reasons,
    IReadOnlyDictionary<string, string> Orphans,
    IReadOnlyDictionary<string, WaitingKind> Kinds);

/// <summary>
/// Who runs next, as a pure function. All workers of a run or none; recovering runs before queued ones, then by priority, which grows with
/// waiting, then first come, first served. A run whose slots do not exist at all, whose parents have not succeeded, or whose next attempt is still to wait, holds nobody up. An
/// agent is filled before the next one is begun. A run goes elsewhere than where it has failed if there is room elsewhere; an agent in doubt gets nothing, or one run.
/// </summary>
/// <remarks>
/// Nobody starves. A queued run of priority p is at most 100 - p levels below one that comes later, and gains one for each interval by which
/// that one came later: after 100 - p + 1 intervals whoever comes anew stands behind it. Those ahead of it are then a finite number, and
/// nobody behind takes a slot that it could use: as runs end, it gets all it needs. Only failures without end could prevent that, since
/// recovering runs go first.
/// </remarks>
internal static class SchedulerRule
{
    /// <summary>A run counts one level higher for each time that it has waited this long.</summary>
    public static readonly TimeSpan AgeingInterval = TimeSpan.FromMinutes(10);

    public static Schedule Decide(IReadOnlyList<AgentOffer> agents, IReadOnlyList<RunDemand> runs, DateTimeOffset now)
    {
        var known = agents.ToDictionary(agent => agent.Id);
        var busy = runs.SelectMany(run => run.Members).Select(member => (member.AgentId, member.Slot)).ToHashSet();
        var free = agents
            .Where(agent => agent.IsFresh && agent.Doubt is null or { TakesOne: true })
            .OrderBy(agent => agent.Id, StringComparer.Ordinal)
            .Select(agent => new FreeSlots(agent, new Queue<int>(Enumerable.Range(0, agent.SlotCount).Where(slot => !busy.Contains((agent.Id, slot))))))
            .ToList();
        var unclaimed = free.ToList();
        var held = runs.OrderBy(run => run.Order).SelectMany(run => Held(run.Id, run.Members, known)).ToList();
        var line = new List<RunDemand>();
        var placements = new List<Placement>();
        var (reasons, orphans, kinds) = (new Dictionary<string, string>(), new Dictionary<string, string>(), new Dictionary<string, WaitingKind>());
        foreach (var run in InOrder(runs, now))
        {
            var pending = (run.Parents ?? []).Where(parent => parent.Phase != RunPhase.Succeeded).ToList();
            if (pending.Find(parent => parent.Phase.IsTerminal()) is { } lost)
            {
                orphans[run.Id] = WaitingReason.Orphaned(lost);
                continue;
            }

            if (pending.Count > 0)
            {
                reasons[run.Id] = WaitingReason.Parents(pending);
                kinds[run.Id] = WaitingKind.Parents;
                continue;
            }

            if (run.BacksOff(now))
            {
                reasons[run.Id] = WaitingReason.BackOff(run.RetryAt!.Value);
                kinds[run.Id] = WaitingKind.BackOff;
                continue;
            }

            var offered = agents.Where(agent => HasRoom(agent, run)).Sum(agent => agent.SlotCount);
            if (offered < run.Workers)
            {
                reasons[run.Id] = WaitingReason.NoSuchSlots(agents, run, offered);
                kinds[run.Id] = agents.Count == 0 ? WaitingKind.NoAgent : WaitingKind.TooLarge;
                continue;
            }

            // Where it has failed it would fail again if the machine is the cause; elsewhere it shows whether it is.
            if ((Place(unclaimed.Where(slots => run.Avoids?.Contains(slots.Agent.Id) != true), run) ?? Place(unclaimed, run)) is { } placement)
            {
                placements.Add(placement);
                bool IsTried(FreeSlots slots) => slots.Agent.Doubt is not null && placement.Members.Any(member => member.AgentId == slots.Agent.Id);
                free.RemoveAll(IsTried);
                unclaimed.RemoveAll(IsTried);
                held.AddRange(Held(run.Id, placement.Members, known));
                continue;
            }

            kinds[run.Id] = WaitingKind.Slots;
            reasons[run.Id] = WaitingReason.InLine(
                run,
                free.Where(slots => HasRoom(slots.Agent, run)).Sum(slots => slots.Slots.Count),
                [.. held.Where(holding => HasRoom(holding.Agent, run)).GroupBy(holding => holding.RunId, (id, holdings) => (id, holdings.Sum(holding => holding.Count)))],
                [.. agents.Where(agent => !agent.IsFresh && HasRoom(agent, run)).Select(agent => agent.Id)],
                [.. agents.Where(agent => agent.IsFresh && HasRoom(agent, run)).OrderBy(agent => agent.Id, StringComparer.Ordinal).Select(agent => agent.Doubt).OfType<AgentDoubt>()],
                line);

            // It must not be overtaken, or a large run would wait for ever: whoever comes behind it may have only what it could never use.
            line.Add(run);
            unclaimed.RemoveAll(slots => HasRoom(slots.Agent, run));
        }

        return new Schedule(placements, reasons, orphans, kinds);
    }

    /// <summary>Those that wait, whoever is considered first first.</summary>
    public static IEnumerable<RunDemand> InOrder(IEnumerable<RunDemand> runs, DateTimeOffset now) => runs
        .Where(run => run.Phase.Waits())
        .OrderByDescending(run => run.Phase == RunPhase.Recovering)
        .ThenByDescending(run => EffectivePriority(run, now))
        .ThenBy(run => run.Order);

    /// <summary>The priority that a run has gained by waiting, on top of its own.</summary>
    public static long EffectivePriority(RunDemand run, DateTimeOffset now) =>
        run.WaitingSince is { } since && since < now ? run.Priority + ((now - since).Ticks / AgeingInterval.Ticks) : run.Priority;

    private static Placement? Place(IEnumerable<FreeSlots> free, RunDemand run)
    {
        var fitting = free.Where(slots => HasRoom(slots.Agent, run) && slots.Slots.Count > 0).ToList();
        if (fitting.Sum(slots => slots.Slots.Count) < run.Workers)
        {
            return null;
        }

        // One agent that holds the whole run, the fullest of them; else the emptiest ones first, so that few are needed.
        var whole = fitting.Where(slots => slots.Slots.Count >= run.Workers).MinBy(slots => slots.Slots.Count);
        var chosen = whole is not null ? [whole] : fitting.OrderByDescending(slots => slots.Slots.Count).ToList();
        var members = new List<Member>();
        foreach (var slots in chosen)
        {
            while (members.Count < run.Workers && slots.Slots.TryDequeue(out var slot))
            {
                members.Add(new Member(members.Count, slots.Agent.Id, slot));
            }
        }

        var used = members.Select(member => member.AgentId).ToHashSet();
        return new Placement(run.Id, members, chosen.Where(slots => used.Contains(slots.Agent.Id)).All(slots => slots.Agent.HasBf16));
    }

    private static bool HasRoom(AgentOffer agent, RunDemand run) => agent.MemoryPerSlot <= 0 || agent.MemoryPerSlot >= run.MemoryBytes;

    private static IEnumerable<Holding> Held(string runId, IReadOnlyList<Member> members, Dictionary<string, AgentOffer> agents) => members
        .Where(member => agents.ContainsKey(member.AgentId))
        .GroupBy(member => member.AgentId, (id, slots) => new Holding(runId, agents[id], slots.Count()));

    private sealed record FreeSlots(AgentOffer Agent, Queue<int> Slots);

    private sealed record Holding(string RunId, AgentOffer Agent, int Count);
}
