using System.Globalization;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Scheduling;

/// <summary>What a run waits for, in a sentence.</summary>
internal static class WaitingReason
{
    private const int MaxNames = 3;

    /// <summary>Whoever needs more than there is.</summary>
    /// <param name="agents">All agents.</param>
    /// <param name="run">Who waits.</param>
    /// <param name="offered">Slots that are large enough, free or not.</param>
    public static string NoSuchSlots(IReadOnlyList<AgentOffer> agents, RunDemand run, int offered)
    {
        var all = agents.Sum(agent => agent.SlotCount);
        return (agents.Count, all >= run.Workers) switch
        {
            (0, _) => $"Waits for an agent: it needs {Slots(run.Workers)}, and no agent is connected.",
            (_, true) => $"Needs {Slots(run.Workers)} with {Gibibytes(run.MemoryBytes)} each; the agents offer {offered} of that size.",
            _ => $"Needs {Slots(run.Workers)}, the agents offer {all}.",
        };
    }

    /// <summary>Whoever waits for slots to become free.</summary>
    /// <param name="run">Who waits.</param>
    /// <param name="free">Slots that are free and large enough.</param>
    /// <param name="holders">Who has how many slots on agents that are large enough.</param>
    /// <param name="late">Agents that are large enough, and late.</param>
    /// <param name="doubts">Why agents that are large enough get no work.</param>
    /// <param name="ahead">Who stands before it, the first first.</param>
    public static string InLine(RunDemand run, int free, IReadOnlyList<(string RunId, int Slots)> holders, IReadOnlyList<string> late, IReadOnlyList<AgentDoubt> doubts, IReadOnlyList<RunDemand> ahead)
    {
        var parts = new List<string> { $"Waits for {run.Workers} free {(run.Workers == 1 ? "slot" : "slots")}: {free} {(free == 1 ? "is" : "are")} free" };
        parts.AddRange(holders.Take(MaxNames).Select(holder => $"run {holder.RunId} holds {holder.Slots}"));
        if (holders.Skip(MaxNames).ToList() is { Count: > 0 } others)
        {
            parts.Add($"{others.Count} more {(others.Count == 1 ? "run holds" : "runs hold")} {others.Sum(holder => holder.Slots)}");
        }

        if (late.Count > 0)
        {
            parts.Add(late.Count == 1 ? $"agent {late[0]} is late" : $"{late.Count} agents are late");
        }

        if (doubts.Count > 0)
        {
            parts.Add(doubts.Count == 1 ? doubts[0].What : $"{doubts.Count} agents get no work or one run at most, as runs keep failing on them");
        }

        parts.Add(ahead.Count == 0 ? "next in line" : $"{Ordinal(ahead.Count + 1)} in line{WhatRaised(ahead, run)}");
        return string.Join(", ", parts) + "." + (doubts.Count == 1 ? $" {doubts[0].Why}" : "");
    }

    /// <summary>Whoever starts from models that are still trained.</summary>
    public static string Parents(IReadOnlyList<ParentRun> pending)
    {
        var names = pending.Take(MaxNames).Select(parent => parent.Phase == RunPhase.Paused ? $"{parent.RunId} (paused)" : parent.RunId).ToList();
        if (pending.Count > MaxNames)
        {
            names.Add($"{pending.Count - MaxNames} more");
        }

        return names is [var one]
            ? $"Waits for run {one}, whose model it starts from."
            : $"Waits for runs {string.Join(", ", names.SkipLast(1))} and {names[^1]}, whose models it starts from.";
    }

    /// <summary>Whoever waits after a failure.</summary>
    /// <param name="retryAt">The earliest time of the next attempt.</param>
    public static string BackOff(DateTimeOffset retryAt) => $"Tries again at {retryAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC.";

    /// <summary>Whoever can never start.</summary>
    /// <param name="lost">A run that has ended without a model.</param>
    public static string Orphaned(ParentRun lost) =>
        $"Run {lost.RunId}, whose model it starts from, {(lost.Phase == RunPhase.Cancelled ? "was cancelled" : "has failed")}.";

    // Only who came later and stands before it all the same needs to be explained.
    private static string WhatRaised(IReadOnlyList<RunDemand> ahead, RunDemand run)
    {
        var overtakers = ahead.Where(other => other.Phase == run.Phase && other.Order > run.Order).ToList();
        return (overtakers.Count, overtakers.Select(other => other.Priority).DefaultIfEmpty().Max()) switch
        {
            (0, _) => "",
            (_, var highest) when highest > run.Priority => $" behind priority {highest}",
            _ => " behind a run that has waited longer",
        };
    }

    private static string Slots(int count) => count == 1 ? "1 slot" : $"{count} slots";

    private static string Gibibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");

    private static string Ordinal(int number) => (number % 100, number % 10) switch
    {
        ( >= 11 and <= 13, _) => $"{number}th",
        (_, 1) => $"{number}st",
        (_, 2) => $"{number}nd",
        (_, 3) => $"{number}rd",
        _ => $"{number}th",
    };
}
