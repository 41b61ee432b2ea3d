using CsCheck;
using Temper.Contracts.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Scheduling;

public class SchedulerRuleTests
{
    [Fact]
    public void A_gang_fills_the_agent_that_it_fits_best()
    {
        var schedule = SchedulerRule.Decide([Agent("big", 4), Agent("small", 2)], [Waiting("r", workers: 2)]);

        Assert.Equal([new Member(0, "small", 0), new Member(1, "small", 1)], Assert.Single(schedule.Placements).Members);
    }

    [Fact]
    public void A_gang_that_fits_no_agent_is_spread_over_few()
    {
        var schedule = SchedulerRule.Decide([Agent("a", 1), Agent("b", 2), Agent("c", 1)], [Waiting("r", workers: 3)]);

        Assert.Equal([new Member(0, "b", 0), new Member(1, "b", 1), new Member(2, "a", 0)], Assert.Single(schedule.Placements).Members);
    }

    [Fact]
    public void Who_waits_is_told_for_what()
    {
        var holder = new RunDemand("abc", 1, RunPhase.Running, 1, 0, [new Member(0, "a", 0)]);
        var schedule = SchedulerRule.Decide([Agent("a", 2)], [holder, Waiting("r", 2, workers: 2), Waiting("s", 3)]);

        Assert.Empty(schedule.Placements);
        Assert.Equal("Waits for 2 free slots: 1 is free, run abc holds 1, next in line.", schedule.Reasons["r"]);
        Assert.Equal("Waits for 1 free slot: 1 is free, run abc holds 1, 2nd in line.", schedule.Reasons["s"]);
    }

    [Fact]
    public void What_can_never_run_says_so_and_holds_nobody_up()
    {
        var schedule = SchedulerRule.Decide([Agent("a", 2)], [Waiting("huge", 1, workers: 4), Waiting("r", 2)]);

        Assert.Equal("Needs 4 slots, the agents offer 2.", schedule.Reasons["huge"]);
        Assert.Equal("r", Assert.Single(schedule.Placements).RunId);
    }

    [Fact]
    public void A_slot_with_too_little_memory_is_none()
    {
        var schedule = SchedulerRule.Decide([Agent("a", 2) with { MemoryPerSlot = 1L << 30 }], [Waiting("r") with { MemoryBytes = 3L << 30 }]);

        Assert.Equal("Needs 1 slot with 3.0 GiB each; the agents offer 0 of that size.", schedule.Reasons["r"]);
    }

    [Fact]
    public void Without_agents_a_run_waits_for_one() =>
        Assert.Equal("Waits for an agent: it needs 1 slot, and no agent is connected.", SchedulerRule.Decide([], [Waiting("r")]).Reasons["r"]);

    [Fact]
    public void A_late_agent_gets_no_new_trainers()
    {
        var schedule = SchedulerRule.Decide([Agent("a", 1) with { IsFresh = false }], [Waiting("r")]);

        Assert.Equal("Waits for 1 free slot: 0 are free, agent a is late, next in line.", schedule.Reasons["r"]);
    }

    [Fact]
    public void Recovering_runs_go_first()
    {
        var schedule = SchedulerRule.Decide([Agent("a", 1)], [Waiting("old", 1), Waiting("lost", 2) with { Phase = RunPhase.Recovering }]);

        Assert.Equal("lost", Assert.Single(schedule.Placements).RunId);
    }

    [Fact]
    public void Bf16_needs_every_member()
    {
        AgentOffer[] agents = [Agent("a", 1) with { HasBf16 = true }, Agent("b", 1)];

        Assert.False(Assert.Single(SchedulerRule.Decide(agents, [Waiting("r", workers: 2)]).Placements).HasBf16);
        Assert.True(Assert.Single(SchedulerRule.Decide(agents, [Waiting("r", workers: 1)]).Placements).HasBf16);
    }

    [Fact]
    public void No_slot_is_given_twice_no_gang_in_part_nobody_overtakes_and_every_waiting_run_has_a_reason() =>
        Gen.Select(AnyAgents, AnyRuns).Sample((agents, runs) =>
        {
            // Only slots that exist, each once, are held to begin with.
            var slots = new Queue<(string, int)>(agents.SelectMany(agent => Enumerable.Range(0, agent.SlotCount).Select(slot => (agent.Id, slot))));
            runs = [.. runs.Select(run => Hold(run, slots))];
            var schedule = SchedulerRule.Decide(agents, runs);

            var held = runs.SelectMany(run => run.Members).Concat(schedule.Placements.SelectMany(p => p.Members)).Select(m => (m.AgentId, m.Slot)).ToList();
            Assert.Equal(held.Count, held.Distinct().Count());
            var waiting = runs.Where(run => run.Phase.Waits()).ToDictionary(run => run.Id);
            Assert.All(schedule.Placements, placement =>
            {
                Assert.Equal(Enumerable.Range(0, waiting[placement.RunId].Workers), placement.Members.Select(member => member.Rank));
                Assert.All(placement.Members, member => Assert.True(agents.Single(agent => agent.Id == member.AgentId) is { IsFresh: true } agent && member.Slot < agent.SlotCount));
            });
            var placed = schedule.Placements.Select(placement => placement.RunId).ToHashSet();
            Assert.Equal(waiting.Keys.Order(), placed.Concat(schedule.Reasons.Keys).Order());
            Assert.All(schedule.Reasons.Values, Assert.NotEmpty);

            var total = agents.Sum(agent => agent.SlotCount);
            var line = waiting.Values.OrderBy(run => run.Phase == RunPhase.Recovering ? 0 : 1).ThenBy(run => run.Order).Where(run => run.Workers <= total).ToList();
            Assert.DoesNotContain(line.SkipWhile(run => placed.Contains(run.Id)), run => placed.Contains(run.Id));
        });

    private static Gen<AgentOffer[]> AnyAgents { get; } =
        Gen.Select(Gen.Int[0, 4], Gen.Bool, Gen.Int[0, 4]).Array[0, 4].Select(rows => rows.Select((row, i) => new AgentOffer($"agent{i}", row.Item1, 0, row.Item2, row.Item3 > 0)).ToArray());

    private static Gen<RunDemand[]> AnyRuns { get; } =
        Gen.Select(AnyOf.Values(RunPhase.Queued, RunPhase.Queued, RunPhase.Recovering, RunPhase.Running, RunPhase.Paused), Gen.Int[1, 5])
            .Array[0, 8].Select(rows => rows.Select((row, i) => new RunDemand($"run{i}", i, row.Item1, row.Item2, 0, [])).ToArray());

    private static RunDemand Hold(RunDemand run, Queue<(string Agent, int Slot)> slots) => run.Phase == RunPhase.Running && slots.Count >= run.Workers
        ? run with { Members = [.. Enumerable.Range(0, run.Workers).Select(rank => slots.Dequeue() is var (agent, slot) ? new Member(rank, agent, slot) : null!)] }
        : run;

    private static AgentOffer Agent(string id, int slots) => new(id, slots, 0, false, true);

    private static RunDemand Waiting(string id, long order = 1, int workers = 1) => new(id, order, RunPhase.Queued, workers, 0, []);
}
