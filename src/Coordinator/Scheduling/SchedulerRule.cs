using System.Globalization;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Scheduling;

/// <summary>An agent as the scheduler sees it.</summary>
/// <param name="Id">The agent.</param>
/// <param name="SlotCount">Trainers that it can run at once.</param>
/// <param name="MemoryPerSlot">Bytes that one trainer may use; 0 if unknown.</param>
/// <param name="HasBf16">Whether its devices multiply bf16.</param>
/// <param name="IsFresh">Whether it was heard just now: a late one keeps its trainers but gets no new ones.</param>
internal sealed record AgentOffer(string Id, int SlotCount, long MemoryPerSlot, bool HasBf16, bool IsFresh);

/// <summary>A run that has not ended, as the scheduler sees it.</summary>
/// <param name="Id">The run.</param>
/// <param name="Order">Place in the order of submission.</param>
/// <param name="Phase">Its phase.</param>
/// <param name="Workers">Slots that it needs.</param>
/// <param name="MemoryBytes">Bytes that each of its trainers needs.</param>
/// <param name="Members">Slots that it holds.</param>
internal sealed record RunDemand(string Id, long Order, RunPhase Phase, int Workers, long MemoryBytes, IReadOnlyList<Member> Members);

/// <summary>A run gets all its workers.</summary>
internal sealed record Placement(string RunId, IReadOnlyList<Member> Members, bool HasBf16);

/// <summary>Who starts now, and what each of the others waits for.</summary>
internal sealed record Schedule(IReadOnlyList<Placement> Placements, IReadOnlyDictionary<string, string> Reasons);

/// <summary>
/// Who runs next, as a pure function. All workers of a run or none; first come, first served, recovering runs before queued ones; a run whose
/// slots do not exist at all holds nobody up. An agent is filled before the next one is begun.
/// </summary>
internal static class SchedulerRule
{
    public static Schedule Decide(IReadOnlyList<AgentOffer> agents, IReadOnlyList<RunDemand> runs)
    {
        var busy = runs.SelectMany(run => run.Members).Select(member => (member.AgentId, member.Slot)).ToHashSet();
        var free = agents
            .Where(agent => agent.IsFresh)
            .OrderBy(agent => agent.Id, StringComparer.Ordinal)
            .Select(agent => new FreeSlots(agent, [.. Enumerable.Range(0, agent.SlotCount).Where(slot => !busy.Contains((agent.Id, slot)))]))
            .ToList();
        var holders = runs.Where(run => run.Members.Count > 0).ToDictionary(run => run.Id, run => run.Members.Count);
        var placements = new List<Placement>();
        var reasons = new Dictionary<string, string>();
        var inLine = 0;
        foreach (var run in runs.Where(run => run.Phase.Waits()).OrderBy(run => run.Phase == RunPhase.Recovering ? 0 : 1).ThenBy(run => run.Order))
        {
            var offered = agents.Where(agent => HasRoom(agent, run)).Sum(agent => agent.SlotCount);
            if (offered < run.Workers)
            {
                reasons[run.Id] = Impossible(agents, run, offered);
                continue;
            }

            // Who stands behind somebody who waits does not overtake, or a large run would wait for ever.
            if (inLine == 0 && Place(free, run) is { } placement)
            {
                placements.Add(placement);
                holders[run.Id] = run.Workers;
                continue;
            }

            inLine++;
            reasons[run.Id] = Waiting(agents, free, holders, run, inLine);
        }

        return new Schedule(placements, reasons);
    }

    private static Placement? Place(List<FreeSlots> free, RunDemand run)
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

    private static string Impossible(IReadOnlyList<AgentOffer> agents, RunDemand run, int offered)
    {
        var all = agents.Sum(agent => agent.SlotCount);
        return (all, all >= run.Workers) switch
        {
            (0, _) => $"Waits for an agent: it needs {Slots(run.Workers)}, and no agent is connected.",
            (_, true) => $"Needs {Slots(run.Workers)} with {Gibibytes(run.MemoryBytes)} each; the agents offer {offered} of that size.",
            _ => $"Needs {Slots(run.Workers)}, the agents offer {all}.",
        };
    }

    private static string Waiting(IReadOnlyList<AgentOffer> agents, List<FreeSlots> free, Dictionary<string, int> holders, RunDemand run, int place)
    {
        var open = free.Where(slots => HasRoom(slots.Agent, run)).Sum(slots => slots.Slots.Count);
        var parts = new List<string> { $"Waits for {run.Workers} free {(run.Workers == 1 ? "slot" : "slots")}: {open} {(open == 1 ? "is" : "are")} free" };
        parts.AddRange(holders.Take(3).Select(holder => $"run {holder.Key} holds {holder.Value}"));
        if (holders.Count > 3)
        {
            parts.Add($"{holders.Count - 3} more runs hold {holders.Skip(3).Sum(holder => holder.Value)}");
        }

        if (agents.Where(agent => !agent.IsFresh).Select(agent => agent.Id).ToList() is { Count: > 0 } late)
        {
            parts.Add(late.Count == 1 ? $"agent {late[0]} is late" : $"{late.Count} agents are late");
        }

        parts.Add(place == 1 ? "next in line" : string.Create(CultureInfo.InvariantCulture, $"{Ordinal(place)} in line"));
        return string.Join(", ", parts) + ".";
    }

    private static string Slots(int count) => count == 1 ? "1 slot" : string.Create(CultureInfo.InvariantCulture, $"{count} slots");

    private static string Gibibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");

    private static string Ordinal(int number) => (number % 100, number % 10) switch
    {
        ( >= 11 and <= 13, _) => $"{number}th",
        (_, 1) => $"{number}st",
        (_, 2) => $"{number}nd",
        (_, 3) => $"{number}rd",
        _ => $"{number}th",
    };

    private sealed record FreeSlots(AgentOffer Agent, Queue<int> Slots)
    {
        public FreeSlots(AgentOffer agent, IReadOnlyList<int> slots)
            : this(agent, new Queue<int>(slots))
        {
        }
    }
}
