using CsCheck;
using Temper.Contracts.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Scheduling;

public class SchedulerPropertyTests
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(20);

    private static Gen<ClusterEvent.Submit> AnySubmit { get; } = Gen.Select(
        Gen.Frequency((3, Gen.Int[1, 2]), (1, Gen.Int[3, 5])),
        AnyOf.Values(0, 1, 2, 4, 8),
        Gen.Frequency((2, Gen.Const(50)), (2, AnyOf.Values(0, 20, 51, 55, 80, 100)), (1, Gen.Int[0, 100])),
        Gen.Frequency((8, Gen.Const(Array.Empty<int>())), (2, Gen.Int[0, 20].Array[1, 2]), (1, Gen.Int[0, 20].Array[3, 6])),
        (workers, gibibytes, priority, parents) => new ClusterEvent.Submit(workers, gibibytes, priority, parents));

    private static Gen<ClusterEvent> AnyJoin { get; } = Gen.Select(
        AnyAgent, Gen.Int[0, 4], AnyOf.Values(0, 1, 1, 4, 8, 8), Gen.Bool, ClusterEvent (agent, slots, gibibytes, hasBf16) => new ClusterEvent.Join(agent, slots, gibibytes, hasBf16));

    private static Gen<ClusterEvent> AnyEvent { get; } = Gen.Frequency(
        (10, AnySubmit.Select(ClusterEvent (submit) => submit)),
        (5, AnyJoin),
        (1, Gen.Select(AnyAgent, Gen.Bool, ClusterEvent (agent, isNoticed) => new ClusterEvent.Leave(agent, isNoticed))),
        (2, Gen.Select(AnyAgent, Gen.Bool, ClusterEvent (agent, isFresh) => new ClusterEvent.Hear(agent, isFresh))),
        (1, Gen.Select(AnyAgent, Gen.Int[0, 4], ClusterEvent (agent, slots) => new ClusterEvent.Resize(agent, slots))),
        (4, Gen.Select(AnyPick, AnyOf.Values(RunPhase.Pausing, RunPhase.Pausing, RunPhase.Cancelling), ClusterEvent (pick, phase) => new ClusterEvent.Stop(pick, phase))),
        (5, AnyPick.Select(ClusterEvent (pick) => new ClusterEvent.End(pick))),
        (2, Gen.Select(AnyPick, Gen.Bool, ClusterEvent (pick, isRetried) => new ClusterEvent.Fail(pick, isRetried))),
        (1, AnyPick.Select(ClusterEvent (pick) => new ClusterEvent.Cancel(pick))),
        (4, AnyPick.Select(ClusterEvent (pick) => new ClusterEvent.Resume(pick))),
        (4, AnyOf.Values(1, 5, 10, 10, 30, 60).Select(ClusterEvent (minutes) => new ClusterEvent.Pass(minutes))));

    private static Gen<ClusterEvent[]> AnyHistory { get; } = Gen.Select(AnyJoin.Array[0, 6], AnyEvent.Array[0, 80], (joins, events) => joins.Concat(events).ToArray());

    private static Gen<int> AnyAgent => Gen.Int[0, 3];

    private static Gen<int> AnyPick => Gen.Int[0, 20];

    // What comes in one go: who is submitted, who of them was submitted long ago, who breaks.
    private static Gen<FloodWave> AnyWave { get; } = Gen.Select(
        Gen.Select(Gen.Int[1, 4], AnyOf.Values(0, 1, 4), Gen.Frequency((3, Gen.Const(100)), (1, Gen.Int[0, 100])), Gen.Bool).Array[0, 3],
        Gen.Frequency((5, Gen.Const((int?)null)), (1, AnyPick.Select(pick => (int?)pick))),
        (runs, breaks) => new FloodWave([.. runs.Select(run => (new ClusterEvent.Submit(run.Item1, run.Item2, run.Item3, []), run.Item4))], breaks));

    [Fact]
    public void Whatever_happens_the_laws_hold_and_the_order_of_agents_and_runs_does_not_matter() => AnyHistory.Sample(
        events =>
        {
            var cluster = new SimulatedCluster();
            foreach (var e in events)
            {
                cluster.Happen(e);
                var (agents, now) = (cluster.Agents, cluster.Now);
                var (demands, schedule) = cluster.Decide();
                new ScheduleLaws(agents, demands, now, schedule).Hold();
                Assert.Equal(Text(schedule), Text(SchedulerRule.Decide(agents, demands, now)));
                Assert.Equal(Text(schedule), Text(SchedulerRule.Decide([.. agents.Reverse()], [.. demands.Reverse()], now)));
            }
        },
        iter: 1000);

    [Fact]
    public void The_simulation_meets_every_kind_of_decision()
    {
        var seen = new HashSet<string>();
        for (var seed = 0u; seed < 150; seed++)
        {
            var cluster = new SimulatedCluster();
            foreach (var e in AnyHistory.Generate(new PCG(seed), null, out _))
            {
                cluster.Happen(e);
                var (agents, now) = (cluster.Agents, cluster.Now);
                var (demands, schedule) = cluster.Decide();
                var laws = new ScheduleLaws(agents, demands, now, schedule);
                laws.Hold();
                seen.UnionWith(laws.Sights);
            }
        }

        Assert.Equal(
            [
                "behind age", "behind priority", "child started", "held but not offered", "late", "many holders", "many parents", "one parent",
                "orphan", "passed", "paused parent", "recovered", "spread", "too few", "too small",
            ],
            seen.Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// From any state, while runs end after <see cref="LongestRun"/> at most and others keep coming, every run that can start at all starts in
    /// time. After (100 - priority + 1) intervals whoever comes anew stands behind it. Those that came before may each take the slots once more
    /// before it, and so may each failure: the slots drain for that one, then again for the run.
    /// </summary>
    [Fact]
    public void Every_run_that_can_start_starts_in_time_whatever_comes_after_it() =>
        Gen.Select(AnyHistory, AnySubmit, AnyPick, AnyWave.Array[1, 12], Gen.Int[3, 10]).Sample(
            (events, submit, pick, waves, minutes) =>
            {
                var cluster = AfterAllIsQuiet(events);
                cluster.Submit(submit with { ParentPicks = [] });
                var chosen = cluster.Runs.Where(run => CanStart(cluster, run)).ToList() is { Count: > 0 } possible ? possible[pick % possible.Count] : null;
                if (chosen is null)
                {
                    return;
                }

                var (pause, breaksLeft, wave) = (TimeSpan.FromMinutes(minutes), 3, 0);
                cluster.Decide();
                PassUntil(cluster.Now + ((100 - chosen.Demand.Priority + 1) * SchedulerRule.AgeingInterval));
                var others = cluster.Runs.Count(run => run.Phase.Waits() && run != chosen);
                PassUntil(cluster.Now + (((2 * (others + breaksLeft)) + 1) * (LongestRun + pause)));
                Assert.False(chosen.Phase.Waits(), $"Run {chosen.Demand.Id} still waits: {string.Join('\n', cluster.Decide().Schedule.Reasons)}");

                void PassUntil(DateTimeOffset end)
                {
                    while (cluster.Now < end && chosen.Phase.Waits())
                    {
                        cluster.Pass(pause);
                        breaksLeft -= Flood(cluster, waves[wave++ % waves.Length], breaksLeft > 0) ? 1 : 0;
                    }
                }
            },
            iter: 300);

    // Everybody is heard, and nothing happens to agents any more.
    private static SimulatedCluster AfterAllIsQuiet(IReadOnlyList<ClusterEvent> events)
    {
        var cluster = new SimulatedCluster();
        cluster.Happen(new ClusterEvent.Join(0, 3, 4, true));
        foreach (var e in events)
        {
            cluster.Happen(e);
            cluster.Decide();
        }

        for (var agent = 0; agent < 4; agent++)
        {
            cluster.Happen(new ClusterEvent.Hear(agent, true));
        }

        cluster.NoticeLosses();
        return cluster;
    }

    private static bool CanStart(SimulatedCluster cluster, SimulatedRun run) =>
        run.Phase.Waits()
        && (run.Told.Parents ?? []).All(parent => parent.Phase == RunPhase.Succeeded)
        && cluster.Agents.Where(agent => agent.MemoryPerSlot == 0 || agent.MemoryPerSlot >= run.Demand.MemoryBytes).Sum(agent => agent.SlotCount) >= run.Demand.Workers;

    // Ends who has run for long enough; returns whether somebody broke. The line is kept short, or little would ever be decided by age.
    private static bool Flood(SimulatedCluster cluster, FloodWave wave, bool mayBreak)
    {
        foreach (var run in cluster.Runs.Where(run => run.Holds && cluster.Now - run.StartedAt >= LongestRun / (1 + (Math.Abs(run.Demand.Order) % 3))))
        {
            run.End();
        }

        var breaks = mayBreak && wave.Breaks is not null && cluster.Runs.Any(run => run.Phase == RunPhase.Running);
        if (breaks)
        {
            cluster.Happen(new ClusterEvent.Fail(wave.Breaks!.Value, true));
        }

        foreach (var (submit, isOld) in wave.Runs.Take(8 - cluster.Runs.Count(run => run.Phase.Waits())))
        {
            cluster.Submit(submit, isOld);
        }

        cluster.Decide();
        return breaks;
    }

    private static string Text(Schedule schedule) => string.Join(
        '\n',
        schedule.Placements.Select(placement => $"{placement.RunId} {placement.HasBf16} {string.Join(' ', placement.Members)}")
            .Concat(schedule.Reasons.OrderBy(reason => reason.Key, StringComparer.Ordinal).Select(reason => $"{reason}"))
            .Concat(schedule.Orphans.OrderBy(reason => reason.Key, StringComparer.Ordinal).Select(reason => $"{reason}")));

    private sealed record FloodWave((ClusterEvent.Submit Submit, bool IsOld)[] Runs, int? Breaks);
}
