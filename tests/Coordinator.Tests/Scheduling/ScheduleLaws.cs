using System.Globalization;
using System.Text.RegularExpressions;
using Temper.Contracts.Runs;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Tests.Scheduling;

/// <summary>What holds for every decision of the scheduler, said a second time and in another way than the rule says it.</summary>
internal sealed partial class ScheduleLaws
{
    private readonly IReadOnlyList<AgentOffer> _agents;
    private readonly IReadOnlyList<RunDemand> _waiting;
    private readonly DateTimeOffset _now;
    private readonly Schedule _schedule;
    private readonly Dictionary<string, Placement> _placed;
    private readonly ILookup<(string AgentId, int Slot), string> _holders;
    private readonly List<RunDemand> _line;

    /// <param name="agents">What the scheduler was told of the agents.</param>
    /// <param name="runs">What it was told of the runs.</param>
    /// <param name="now">When it was asked.</param>
    /// <param name="schedule">What it answered.</param>
    public ScheduleLaws(IReadOnlyList<AgentOffer> agents, IReadOnlyList<RunDemand> runs, DateTimeOffset now, Schedule schedule)
    {
        (_agents, _now, _schedule) = (agents, now, schedule);
        _waiting = [.. runs.Where(run => run.Phase.Waits()).OrderBy(run => (run.Phase == RunPhase.Recovering ? 0 : 1, -Level(run), run.Order))];
        _placed = schedule.Placements.ToDictionary(placement => placement.RunId);
        _holders = runs.Select(run => (run.Id, run.Members)).Concat(schedule.Placements.Select(placement => (Id: placement.RunId, placement.Members)))
            .SelectMany(run => run.Members.Select(member => (run.Id, member.AgentId, member.Slot)))
            .ToLookup(held => (held.AgentId, held.Slot), held => held.Id);
        _line = [.. _waiting.Where(run => !_placed.ContainsKey(run.Id) && IsPossible(run))];
    }

    /// <summary>Kinds of decision that were met.</summary>
    public HashSet<string> Sights { get; } = [];

    public void Hold()
    {
        EverySlotHasOneHolder();
        WhoStartsGetsAllItNeeds();
        EachWaitingRunGetsOneAnswer();
        NobodyIsOvertaken();
        NobodyWaitsForNothing();
        Assert.All(_waiting.Where(run => _schedule.Reasons.ContainsKey(run.Id)), ReasonIsTrue);
    }

    [GeneratedRegex(@"^Waits for (?<needs>\d+) free slots?: (?<free>\d+) (is|are) free(, run (?<holder>\w+) holds (?<holds>\d+))*(, (?<more>\d+) more runs? holds? (?<moreHold>\d+))?(, (?<late>(agent \w+ is|\d+ agents are) late))?, (?<place>next|\d+)(st|nd|rd|th)? in line(?<behind> behind .+)?\.$", RegexOptions.ExplicitCapture)]
    private static partial Regex InLine { get; }

    private static bool HasRoom(AgentOffer agent, RunDemand run) => agent.MemoryPerSlot == 0 || run.MemoryBytes <= agent.MemoryPerSlot;

    private static bool HasParents(RunDemand run) => (run.Parents ?? []).All(parent => parent.Phase == RunPhase.Succeeded);

    private int Level(RunDemand run) => run.Priority + (run.WaitingSince is { } since ? (int)Math.Floor((_now - since) / SchedulerRule.AgeingInterval) : 0);

    private bool IsPossible(RunDemand run) => HasParents(run) && _agents.Where(agent => HasRoom(agent, run)).Sum(agent => agent.SlotCount) >= run.Workers;

    private AgentOffer AgentOf(Member member) => _agents.Single(agent => agent.Id == member.AgentId);

    private int CountFree(Func<AgentOffer, bool> isCounted) => _agents
        .Where(agent => agent.IsFresh && isCounted(agent))
        .Sum(agent => Enumerable.Range(0, agent.SlotCount).Count(slot => !_holders.Contains((agent.Id, slot))));

    private void EverySlotHasOneHolder() => Assert.All(_holders, slot => Assert.Single(slot));

    private void WhoStartsGetsAllItNeeds() => Assert.All(_schedule.Placements, placement =>
    {
        var run = _waiting.Single(run => run.Id == placement.RunId);
        Assert.Equal(Enumerable.Range(0, run.Workers), placement.Members.Select(member => member.Rank));
        Assert.All(placement.Members, member => Assert.True(AgentOf(member) is { IsFresh: true } agent && member.Slot >= 0 && member.Slot < agent.SlotCount && HasRoom(agent, run)));
        Assert.Equal(placement.Members.All(member => AgentOf(member).HasBf16), placement.HasBf16);
        Assert.True(HasParents(run));
        See(placement.Members.Select(member => member.AgentId).Distinct().Count() > 1, "spread");
        See(run.Phase == RunPhase.Recovering, "recovered");
        See(run.Parents is not null, "child started");
    });

    private void EachWaitingRunGetsOneAnswer()
    {
        Assert.Equal(_waiting.Select(run => run.Id).Order(), _placed.Keys.Concat(_schedule.Reasons.Keys).Concat(_schedule.Orphans.Keys).Order());
        Assert.Equal(
            _waiting.Where(run => (run.Parents ?? []).Any(parent => parent.Phase is RunPhase.Failed or RunPhase.Cancelled)).Select(run => run.Id).Order(),
            _schedule.Orphans.Keys.Order());
        Assert.All(_schedule.Orphans, orphan => Assert.Contains(
            _waiting.Single(run => run.Id == orphan.Key).Parents!,
            parent => orphan.Value == $"Run {parent.RunId}, whose model it starts from, {(parent.Phase == RunPhase.Failed ? "has failed" : "was cancelled")}."));
        See(_schedule.Orphans.Count > 0, "orphan");
    }

    // In particular no run overtakes one that needs no more memory than itself.
    private void NobodyIsOvertaken() => Assert.All(_waiting.Where(run => _placed.ContainsKey(run.Id)), run =>
    {
        var overtaken = _waiting.TakeWhile(ahead => ahead != run).Where(_line.Contains).ToList();
        Assert.All(overtaken, ahead => Assert.DoesNotContain(_placed[run.Id].Members, member => HasRoom(AgentOf(member), ahead)));
        See(overtaken.Count > 0, "passed");
    });

    private void NobodyWaitsForNothing() => Assert.All(_line, run =>
        Assert.True(CountFree(agent => HasRoom(agent, run) && !_line.TakeWhile(ahead => ahead != run).Any(ahead => HasRoom(agent, ahead))) < run.Workers));

    private void ReasonIsTrue(RunDemand run)
    {
        var reason = _schedule.Reasons[run.Id];
        if (!HasParents(run))
        {
            ParentsAreNamed(reason, [.. run.Parents!.Where(parent => parent.Phase != RunPhase.Succeeded)]);
        }
        else if (!IsPossible(run))
        {
            Assert.Matches($"^(Needs {run.Workers} slots?|Waits for an agent: it needs {run.Workers} slots?)\\b", reason);
            Assert.Equal(_agents.Count == 0, reason.EndsWith("no agent is connected.", StringComparison.Ordinal));
            See(reason.EndsWith("of that size.", StringComparison.Ordinal), "too small");
            See(reason.Contains(", the agents offer", StringComparison.Ordinal), "too few");
        }
        else
        {
            NumbersAreTrue(run, InLine.Match(reason));
        }
    }

    private void ParentsAreNamed(string reason, IReadOnlyList<ParentRun> pending)
    {
        Assert.StartsWith(pending.Count == 1 ? "Waits for run " : "Waits for runs ", reason);
        Assert.All(pending.Take(3), parent => Assert.Contains(
            parent.Phase == RunPhase.Paused ? $"{parent.RunId} (paused)" : parent.RunId, reason, StringComparison.Ordinal));
        Assert.Equal(pending.Count > 3, reason.Contains($" and {pending.Count - 3} more, ", StringComparison.Ordinal));
        See(pending.Count == 1, "one parent");
        See(pending.Count > 3, "many parents");
        See(pending.Any(parent => parent.Phase == RunPhase.Paused), "paused parent");
    }

    private void NumbersAreTrue(RunDemand run, Match reason)
    {
        Assert.True(reason.Success, _schedule.Reasons[run.Id]);
        Assert.Equal(run.Workers, Number(reason.Groups["needs"]));
        Assert.Equal(CountFree(agent => HasRoom(agent, run)), Number(reason.Groups["free"]));

        var held = _holders.Where(slot => _agents.Any(agent => agent.Id == slot.Key.AgentId && HasRoom(agent, run))).CountBy(slot => slot.Single()).ToDictionary();
        var named = reason.Groups["holder"].Captures.Zip(reason.Groups["holds"].Captures, (id, count) => (Id: id.Value, Count: Number(count))).ToList();
        Assert.Equal(Math.Min(held.Count, 3), named.Count);
        Assert.All(named, holder => Assert.Equal(held[holder.Id], holder.Count));
        Assert.Equal(held.Count - named.Count, Number(reason.Groups["more"]));
        Assert.Equal(held.Values.Sum() - named.Sum(holder => holder.Count), Number(reason.Groups["moreHold"]));
        See(held.Count > 3, "many holders");
        See(_holders.Any(slot => _agents.Any(agent => agent.Id == slot.Key.AgentId && slot.Key.Slot >= agent.SlotCount)), "held but not offered");

        var late = _agents.Where(agent => !agent.IsFresh && HasRoom(agent, run)).ToList();
        Assert.Equal(late switch { [] => "", [var one] => $"agent {one.Id} is late", _ => $"{late.Count} agents are late" }, reason.Groups["late"].Value);
        See(late.Count > 0, "late");

        Assert.Equal(_line.IndexOf(run) + 1, reason.Groups["place"].Value == "next" ? 1 : Number(reason.Groups["place"]));
        var raised = _line.TakeWhile(ahead => ahead != run).Where(ahead => ahead.Phase == run.Phase && ahead.Order > run.Order).ToList();
        Assert.All(raised, ahead => Assert.True(Level(ahead) > Level(run)));
        var expected = raised.Count == 0 ? "" : raised.Max(ahead => ahead.Priority) is var highest && highest > run.Priority ? $" behind priority {highest}" : " behind a run that has waited longer";
        Assert.Equal(expected, reason.Groups["behind"].Value);
        Assert.True(!expected.EndsWith("longer", StringComparison.Ordinal) || raised.All(ahead => ahead.WaitingSince < run.WaitingSince));
        See(expected.Contains("priority", StringComparison.Ordinal), "behind priority");
        See(expected.EndsWith("longer", StringComparison.Ordinal), "behind age");
    }

    private static int Number(Capture capture) => capture.Length == 0 ? 0 : int.Parse(capture.Value, CultureInfo.InvariantCulture);

    private void See(bool isSeen, string what)
    {
        if (isSeen)
        {
            Sights.Add(what);
        }
    }
}
