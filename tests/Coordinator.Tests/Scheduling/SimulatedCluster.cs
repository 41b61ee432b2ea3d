using Temper.Contracts.Runs;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Tests.Scheduling;

/// <summary>What can happen to a cluster. A pick is any number: it says which of those that it can happen to.</summary>
internal abstract record ClusterEvent
{
    private ClusterEvent()
    {
    }

    public sealed record Submit(int Workers, int Gibibytes, int Priority, int[] ParentPicks) : ClusterEvent;

    public sealed record Join(int Agent, int Slots, int Gibibytes, bool HasBf16) : ClusterEvent;

    /// <summary>An agent is lost; its runs know of it at once, or with the next loss or failure.</summary>
    public sealed record Leave(int Agent, bool IsNoticed) : ClusterEvent;

    public sealed record Hear(int Agent, bool IsFresh) : ClusterEvent;

    public sealed record Resize(int Agent, int Slots) : ClusterEvent;

    /// <summary>A run that holds slots is asked to pause or to end; it keeps them until it ends.</summary>
    public sealed record Stop(int Pick, RunPhase Phase) : ClusterEvent;

    /// <summary>A run that holds slots comes to its end.</summary>
    public sealed record End(int Pick) : ClusterEvent;

    /// <summary>A run that holds slots breaks.</summary>
    public sealed record Fail(int Pick, bool IsRetried) : ClusterEvent;

    /// <summary>A run that holds no slots is cancelled.</summary>
    public sealed record Cancel(int Pick) : ClusterEvent;

    public sealed record Resume(int Pick) : ClusterEvent;

    public sealed record Pass(int Minutes) : ClusterEvent;
}

/// <summary>A run of a <see cref="SimulatedCluster"/>.</summary>
internal sealed class SimulatedRun(RunDemand demand, IReadOnlyList<SimulatedRun> parents)
{
    private const int Steps = 100;

    public RunDemand Demand { get; private set; } = demand;

    public int Step { get; private set; }

    public DateTimeOffset StartedAt { get; private set; }

    public RunPhase Phase => Demand.Phase;

    public bool Holds => Demand.Members.Count > 0;

    /// <summary>What the scheduler is told of it now.</summary>
    public RunDemand Told => Demand with { Parents = parents.Count == 0 ? null : [.. parents.Select(parent => new ParentRun(parent.Demand.Id, parent.Phase))] };

    public void Start(IReadOnlyList<Member> members, DateTimeOffset now)
    {
        Assert.True(Phase.Waits() && members.Count == Demand.Workers && parents.All(parent => parent.Phase == RunPhase.Succeeded), $"Run {Demand.Id} cannot start now.");
        Demand = Demand with { Phase = RunPhase.Running, Members = members, WaitingSince = null };
        StartedAt = now;
    }

    public void Become(RunPhase phase) => Demand = Demand with { Phase = phase };

    public void Wait(RunPhase phase, DateTimeOffset now) => Demand = Demand with { Phase = phase, Members = [], WaitingSince = now };

    public void Leave(RunPhase phase) => Demand = Demand with { Phase = phase, Members = [], WaitingSince = null };

    /// <summary>It comes to the end that it was asked for, or to its own.</summary>
    public void End() => Leave(Phase switch
    {
        RunPhase.Pausing => RunPhase.Paused,
        RunPhase.Cancelling => RunPhase.Cancelled,
        _ => RunPhase.Succeeded,
    });

    public void Train(int steps) => Step = Math.Min(Steps, Step + steps);
}

/// <summary>Agents, runs and a clock, in memory: what happens to them changes what the scheduler is asked, what it answers is done at once.</summary>
internal sealed class SimulatedCluster
{
    private readonly SortedDictionary<string, AgentOffer> _agents = new(StringComparer.Ordinal);
    private readonly List<SimulatedRun> _runs = [];
    private int _countOld;

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    public IReadOnlyList<AgentOffer> Agents => [.. _agents.Values];

    /// <summary>All runs, also those that have ended.</summary>
    public IReadOnlyList<SimulatedRun> Runs => _runs;

    public IReadOnlyList<RunDemand> Demands => [.. _runs.Where(run => !run.Phase.IsTerminal()).Select(run => run.Told)];

    /// <summary>Asks the scheduler, starts whom it places and fails who can never start; returns what it was asked too.</summary>
    public (IReadOnlyList<RunDemand> Demands, Schedule Schedule) Decide()
    {
        var demands = Demands;
        var schedule = SchedulerRule.Decide(Agents, demands, Now);
        foreach (var placement in schedule.Placements)
        {
            _runs.Single(run => run.Demand.Id == placement.RunId).Start(placement.Members, Now);
        }

        foreach (var orphan in _runs.Where(run => schedule.Orphans.ContainsKey(run.Demand.Id)))
        {
            orphan.Leave(RunPhase.Failed);
        }

        return (demands, schedule);
    }

    public void Happen(ClusterEvent e)
    {
        switch (e)
        {
            case ClusterEvent.Submit submit:
                Submit(submit);
                break;
            case ClusterEvent.Join join:
                _agents.TryAdd(Name(join.Agent), new AgentOffer(Name(join.Agent), join.Slots, Bytes(join.Gibibytes), join.HasBf16, true));
                break;
            case ClusterEvent.Leave leave:
                _agents.Remove(Name(leave.Agent));
                if (leave.IsNoticed)
                {
                    NoticeLosses();
                }

                break;
            case ClusterEvent.Hear hear:
                Change(hear.Agent, agent => agent with { IsFresh = hear.IsFresh });
                break;
            case ClusterEvent.Resize resize:
                Change(resize.Agent, agent => agent with { SlotCount = resize.Slots });
                break;
            case ClusterEvent.Stop stop:
                Pick(stop.Pick, run => run.Phase == RunPhase.Running)?.Become(stop.Phase);
                break;
            case ClusterEvent.End end:
                Pick(end.Pick, run => run.Holds)?.End();
                break;
            case ClusterEvent.Fail fail when fail.IsRetried:
                NoticeLosses();
                Pick(fail.Pick, run => run.Phase == RunPhase.Running)?.Wait(RunPhase.Recovering, Now);
                break;
            case ClusterEvent.Fail fail:
                Pick(fail.Pick, run => run.Holds)?.Leave(RunPhase.Failed);
                break;
            case ClusterEvent.Cancel cancel:
                Pick(cancel.Pick, run => !run.Holds)?.Leave(RunPhase.Cancelled);
                break;
            case ClusterEvent.Resume resume:
                Pick(resume.Pick, run => run.Phase == RunPhase.Paused)?.Wait(RunPhase.Queued, Now);
                break;
            case ClusterEvent.Pass pass:
                Pass(TimeSpan.FromMinutes(pass.Minutes));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(e), e, "The simulation does not know this event.");
        }
    }

    /// <summary>A new run.</summary>
    /// <param name="submit">What it needs.</param>
    /// <param name="isOld">Whether it was submitted before all others, and is only resumed now.</param>
    public SimulatedRun Submit(ClusterEvent.Submit submit, bool isOld = false)
    {
        var order = isOld ? -++_countOld : _runs.Count;
        var parents = _runs.Count == 0 ? [] : submit.ParentPicks.Select(pick => _runs[pick % _runs.Count]).Distinct().ToList();
        var run = new SimulatedRun(new RunDemand($"r{_runs.Count}", order, RunPhase.Queued, submit.Workers, Bytes(submit.Gibibytes), [], submit.Priority, Now), parents);
        _runs.Add(run);
        return run;
    }

    public void Pass(TimeSpan time)
    {
        Now += time;
        foreach (var run in _runs.Where(run => run.Phase == RunPhase.Running))
        {
            run.Train((int)time.TotalMinutes);
        }
    }

    /// <summary>Runs on agents that are no longer there recover; those that were to end have ended.</summary>
    public void NoticeLosses()
    {
        foreach (var run in _runs.Where(run => run.Demand.Members.Any(member => !_agents.ContainsKey(member.AgentId))))
        {
            if (run.Phase == RunPhase.Running)
            {
                run.Wait(RunPhase.Recovering, Now);
            }
            else
            {
                run.End();
            }
        }
    }

    private static string Name(int agent) => $"a{agent}";

    private static long Bytes(int gibibytes) => (long)gibibytes << 30;

    private void Change(int agent, Func<AgentOffer, AgentOffer> change)
    {
        if (_agents.TryGetValue(Name(agent), out var known))
        {
            _agents[known.Id] = change(known);
        }
    }

    private SimulatedRun? Pick(int pick, Func<SimulatedRun, bool> isPossible) =>
        _runs.Where(run => !run.Phase.IsTerminal() && isPossible(run)).ToList() is { Count: > 0 } possible ? possible[pick % possible.Count] : null;
}
