using Temper.Contracts.Runs;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Tests.Scheduling;

public class SchedulerRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_gang_fills_the_agent_that_it_fits_best()
    {
        var schedule = Decide([Agent("big", 4), Agent("small", 2)], [Waiting("r", workers: 2)]);

        Assert.Equal([new Member(0, "small", 0), new Member(1, "small", 1)], Assert.Single(schedule.Placements).Members);
    }

    [Fact]
    public void A_gang_that_fits_no_agent_is_spread_over_few()
    {
        var schedule = Decide([Agent("a", 1), Agent("b", 2), Agent("c", 1)], [Waiting("r", workers: 3)]);

        Assert.Equal([new Member(0, "b", 0), new Member(1, "b", 1), new Member(2, "a", 0)], Assert.Single(schedule.Placements).Members);
    }

    [Fact]
    public void Who_waits_is_told_for_what()
    {
        var schedule = Decide([Agent("a", 2)], [Running("abc", 0, "a", 0), Waiting("r", 2, workers: 2), Waiting("s", 3)]);

        Assert.Empty(schedule.Placements);
        Assert.Equal("Waits for 2 free slots: 1 is free, run abc holds 1, next in line.", schedule.Reasons["r"]);
        Assert.Equal("Waits for 1 free slot: 1 is free, run abc holds 1, 2nd in line.", schedule.Reasons["s"]);
    }

    [Theory]
    [InlineData(3, "run h0 holds 1, run h1 holds 1, run h2 holds 1")]
    [InlineData(4, "run h0 holds 1, run h1 holds 1, run h2 holds 1, 1 more run holds 1")]
    [InlineData(6, "run h0 holds 1, run h1 holds 1, run h2 holds 1, 3 more runs hold 3")]
    public void Three_holders_are_named_in_the_order_of_submission(int count, string expected)
    {
        var holders = Enumerable.Range(0, count).Reverse().Select(i => Running($"h{i}", i, "a", i));
        var schedule = Decide([Agent("a", count)], [.. holders, Waiting("r", 10)]);

        Assert.Equal($"Waits for 1 free slot: 0 are free, {expected}, next in line.", schedule.Reasons["r"]);
    }

    [Fact]
    public void What_can_never_run_says_so_and_holds_nobody_up()
    {
        var schedule = Decide([Agent("a", 2)], [Waiting("huge", 1, workers: 4) with { Priority = 100 }, Waiting("r", 2)]);

        Assert.Equal("Needs 4 slots, the agents offer 2.", schedule.Reasons["huge"]);
        Assert.Equal("r", Assert.Single(schedule.Placements).RunId);
    }

    [Fact]
    public void A_slot_with_too_little_memory_is_none()
    {
        var schedule = Decide([Agent("a", 2, gibibytes: 1)], [Waiting("r", gibibytes: 3)]);

        Assert.Equal("Needs 1 slot with 3.0 GiB each; the agents offer 0 of that size.", schedule.Reasons["r"]);
    }

    [Fact]
    public void Only_slots_that_are_large_enough_are_counted()
    {
        AgentOffer[] agents = [Agent("large", 2, gibibytes: 8), Agent("small", 2, gibibytes: 1), Agent("late", 2, gibibytes: 1) with { IsFresh = false }];
        RunDemand[] runs = [Running("abc", 1, "large", 0), Running("xyz", 2, "small", 0), Waiting("r", 3, workers: 2, gibibytes: 4)];

        Assert.Equal("Waits for 2 free slots: 1 is free, run abc holds 1, next in line.", Decide(agents, runs).Reasons["r"]);
    }

    [Fact]
    public void Without_agents_a_run_waits_for_one()
    {
        Assert.Equal("Waits for an agent: it needs 1 slot, and no agent is connected.", Decide([], [Waiting("r")]).Reasons["r"]);
        Assert.Equal("Needs 1 slot, the agents offer 0.", Decide([Agent("a", 0)], [Waiting("r")]).Reasons["r"]);
    }

    [Fact]
    public void A_late_agent_gets_no_new_trainers()
    {
        var schedule = Decide([Agent("a", 1) with { IsFresh = false }], [Waiting("r")]);

        Assert.Equal("Waits for 1 free slot: 0 are free, agent a is late, next in line.", schedule.Reasons["r"]);
    }

    [Fact]
    public void A_slot_that_is_no_longer_offered_is_not_given_and_stays_with_who_holds_it()
    {
        RunDemand[] runs = [Running("abc", 1, "a", 0, 2), Waiting("r", 2, workers: 2)];

        Assert.Equal("Waits for 2 free slots: 1 is free, run abc holds 2, next in line.", Decide([Agent("a", 2)], runs).Reasons["r"]);
        Assert.Equal([1, 3], Assert.Single(Decide([Agent("a", 4)], runs).Placements).Members.Select(member => member.Slot));
    }

    [Fact]
    public void Recovering_runs_go_first()
    {
        var schedule = Decide([Agent("a", 1)], [Waiting("old", 1) with { Priority = 100 }, Waiting("lost", 2) with { Phase = RunPhase.Recovering, Priority = 0 }]);

        Assert.Equal("lost", Assert.Single(schedule.Placements).RunId);
        Assert.Equal("Waits for 1 free slot: 0 are free, run lost holds 1, next in line.", schedule.Reasons["old"]);
    }

    // Two runs want one slot: the first one came first.
    [Theory]
    [InlineData(50, 0, 50, 0, "first")]
    [InlineData(50, 0, 51, 0, "second")]
    [InlineData(51, 0, 50, 0, "first")]
    [InlineData(50, 9.9, 51, 0, "second")]
    [InlineData(50, 10, 51, 0, "first")]
    [InlineData(0, 999, 100, 0, "second")]
    [InlineData(0, 1000, 100, 0, "first")]
    [InlineData(100, 0, 0, 1009, "first")]
    [InlineData(100, 0, 0, 1010, "second")]
    [InlineData(50, 25, 51, 15, "first")]
    [InlineData(50, 25, 51, 19, "first")]
    [InlineData(50, 25, 51, 21, "second")]
    [InlineData(50, -30, 50, 0, "first")]
    public void A_larger_priority_goes_first_and_each_ten_minutes_of_waiting_count_one_level(int priority, double minutes, int otherPriority, double otherMinutes, string starts)
    {
        var first = Waiting("first", 1) with { Priority = priority, WaitingSince = Noon.AddMinutes(-minutes) };
        var second = Waiting("second", 2) with { Priority = otherPriority, WaitingSince = Noon.AddMinutes(-otherMinutes) };

        Assert.Equal(starts, Assert.Single(Decide([Agent("a", 1)], [first, second]).Placements).RunId);
    }

    [Fact]
    public void Who_stands_behind_a_higher_priority_is_told()
    {
        var schedule = Decide(
            [Agent("a", 4)],
            [
                Running("abc", 0, "a", 0),
                Waiting("low", 1) with { Priority = 20 },
                Waiting("middle", 2),
                Waiting("high", 3, workers: 4) with { Priority = 80 },
                Waiting("last", 4) with { Priority = 0 },
                Waiting("lost", 5, workers: 4) with { Phase = RunPhase.Recovering },
            ]);

        Assert.Empty(schedule.Placements);
        Assert.Equal("Waits for 4 free slots: 3 are free, run abc holds 1, next in line.", schedule.Reasons["lost"]);
        Assert.Equal("Waits for 4 free slots: 3 are free, run abc holds 1, 2nd in line.", schedule.Reasons["high"]);
        Assert.Equal("Waits for 1 free slot: 3 are free, run abc holds 1, 3rd in line behind priority 80.", schedule.Reasons["middle"]);
        Assert.Equal("Waits for 1 free slot: 3 are free, run abc holds 1, 4th in line behind priority 80.", schedule.Reasons["low"]);
        Assert.Equal("Waits for 1 free slot: 3 are free, run abc holds 1, 5th in line.", schedule.Reasons["last"]);
    }

    [Fact]
    public void Who_was_resumed_stands_behind_those_that_have_waited_longer()
    {
        var resumed = Waiting("resumed", 1) with { WaitingSince = Noon };
        var schedule = Decide([Agent("a", 2)], [Running("abc", 0, "a", 0), resumed, Waiting("r", 2, workers: 2) with { Priority = 45, WaitingSince = Noon.AddHours(-1) }]);

        Assert.Equal("Waits for 1 free slot: 1 is free, run abc holds 1, 2nd in line behind a run that has waited longer.", schedule.Reasons["resumed"]);
    }

    [Fact]
    public void Slots_that_nobody_ahead_could_ever_use_are_given_to_who_stands_behind()
    {
        AgentOffer[] agents = [Agent("large", 2, gibibytes: 8), Agent("small", 2, gibibytes: 1)];
        var (holder, gang, two) = (Running("abc", 0, "large", 0), Waiting("gang", 1, workers: 2, gibibytes: 4), Waiting("two", 3, workers: 2));
        Assert.Equal([("two", "small"), ("two", "small")], Members(Decide(agents, [holder, gang, two])));

        // "three" could use the small slots too: behind it they are kept as well.
        Assert.Empty(Decide(agents, [holder, gang, Waiting("three", 2, workers: 3), two]).Placements);

        // Memory of an unknown size may be large enough.
        Assert.Empty(Decide([agents[0], Agent("small", 2)], [holder, gang with { Workers = 4 }, two]).Placements);
    }

    [Theory]
    [InlineData("Waits for run a, whose model it starts from.", "a Running")]
    [InlineData("Waits for run a, whose model it starts from.", "a Queued")]
    [InlineData("Waits for run a (paused), whose model it starts from.", "a Paused", "b Succeeded")]
    [InlineData("Waits for runs a and b (paused), whose models it starts from.", "a Recovering", "b Paused")]
    [InlineData("Waits for runs a, b and c, whose models it starts from.", "a Running", "b Running", "c Running")]
    [InlineData("Waits for runs a, c, d and 2 more, whose models it starts from.", "a Running", "b Succeeded", "c Running", "d Pausing", "e Running", "f Starting")]
    public void A_run_waits_for_its_parents_and_holds_nobody_up(string reason, params string[] parents)
    {
        var schedule = Decide([Agent("a", 2)], [Child("child", 1, parents) with { Workers = 2, Priority = 100 }, Waiting("next", 2)]);

        Assert.Equal(reason, schedule.Reasons["child"]);
        Assert.Equal("next", Assert.Single(schedule.Placements).RunId);
    }

    [Fact]
    public void A_run_whose_parents_have_succeeded_starts() =>
        Assert.Equal("child", Assert.Single(Decide([Agent("a", 1)], [Child("child", 1, "a Succeeded", "b Succeeded")]).Placements).RunId);

    [Theory]
    [InlineData("Run a, whose model it starts from, has failed.", "a Failed")]
    [InlineData("Run a, whose model it starts from, was cancelled.", "a Cancelled")]
    [InlineData("Run c, whose model it starts from, was cancelled.", "a Running", "b Succeeded", "c Cancelled", "d Failed")]
    public void A_run_that_has_lost_a_parent_can_never_start(string reason, params string[] parents)
    {
        var schedule = Decide([Agent("a", 1)], [Child("child", 1, parents), Waiting("next", 2)]);

        Assert.Equal(KeyValuePair.Create("child", reason), Assert.Single(schedule.Orphans));
        Assert.Empty(schedule.Reasons);
        Assert.Equal("next", Assert.Single(schedule.Placements).RunId);
    }

    [Fact]
    public void A_run_whose_next_attempt_is_still_to_wait_holds_nobody_up_and_says_until_when()
    {
        var failing = Waiting("failing", 1, workers: 2) with { Phase = RunPhase.Recovering, WaitingSince = Noon.AddSeconds(-1), RetryAt = Noon.AddSeconds(3) };
        var schedule = Decide([Agent("a", 2)], [failing, Waiting("next", 2)]);

        Assert.Equal(("Tries again at 2026-01-02 12:00:03 UTC.", WaitingKind.BackOff), (schedule.Reasons["failing"], schedule.Kinds["failing"]));
        Assert.Equal("next", Assert.Single(schedule.Placements).RunId);
        Assert.Equal("failing", Assert.Single(SchedulerRule.Decide([Agent("a", 2)], [failing], Noon.AddSeconds(3)).Placements).RunId);
    }

    [Fact]
    public void A_clock_that_is_set_back_does_not_make_a_run_wait_out_the_jump()
    {
        var failing = Waiting("failing") with { Phase = RunPhase.Recovering, WaitingSince = Noon, RetryAt = Noon.AddSeconds(3) };

        Assert.Equal("failing", Assert.Single(SchedulerRule.Decide([Agent("a", 2)], [failing], Noon.AddMinutes(-10)).Placements).RunId);
    }

    [Fact]
    public void An_agent_in_doubt_gets_no_work_and_who_waits_is_told_why()
    {
        AgentOffer[] agents = [Agent("a", 1) with { Doubt = new AgentDoubt("agent a gets no work until noon", "Runs failed on agent a.", TakesOne: false) }];

        Assert.Equal("Waits for 1 free slot: 0 are free, agent a gets no work until noon, next in line. Runs failed on agent a.", Decide(agents, [Waiting("r")]).Reasons["r"]);
        Assert.Equal("r", Assert.Single(Decide([.. agents, Agent("b", 1)], [Waiting("r")]).Placements).RunId);
        Assert.Equal(
            "Waits for 1 free slot: 0 are free, 2 agents get no work or one run at most, as runs keep failing on them, next in line.",
            Decide([agents[0], agents[0] with { Id = "b" }], [Waiting("r")]).Reasons["r"]);
    }

    [Fact]
    public void An_agent_that_is_tried_gets_one_run_whatever_room_it_has()
    {
        AgentOffer[] agents = [Agent("a", 4) with { Doubt = new AgentDoubt("agent a is to be tried with one run", "Runs failed on agent a.", TakesOne: true) }];
        var schedule = Decide(agents, [Waiting("r", 1, workers: 2), Waiting("s", 2)]);

        Assert.Equal([("r", "a"), ("r", "a")], Members(schedule));
        Assert.Equal("Waits for 1 free slot: 0 are free, run r holds 2, agent a is to be tried with one run, next in line. Runs failed on agent a.", schedule.Reasons["s"]);
    }

    [Fact]
    public void A_run_goes_elsewhere_than_where_it_has_failed_if_there_is_room()
    {
        var failed = Waiting("r") with { Avoids = ["a"] };

        Assert.Equal([("r", "b")], Members(Decide([Agent("a", 1), Agent("b", 2)], [failed])));
        Assert.Equal([("r", "a")], Members(Decide([Agent("a", 1), Agent("b", 1)], [Running("other", 0, "b", 0), failed])));
    }

    [Fact]
    public void Bf16_needs_every_member()
    {
        AgentOffer[] agents = [Agent("a", 1) with { HasBf16 = true }, Agent("b", 1)];

        Assert.False(Assert.Single(Decide(agents, [Waiting("r", workers: 2)]).Placements).HasBf16);
        Assert.True(Assert.Single(Decide(agents, [Waiting("r", workers: 1)]).Placements).HasBf16);
    }

    private static Schedule Decide(AgentOffer[] agents, RunDemand[] runs) => SchedulerRule.Decide(agents, runs, Noon);

    private static IEnumerable<(string RunId, string AgentId)> Members(Schedule schedule) =>
        schedule.Placements.SelectMany(placement => placement.Members.Select(member => (placement.RunId, member.AgentId)));

    private static AgentOffer Agent(string id, int slots, int gibibytes = 0) => new(id, slots, (long)gibibytes << 30, false, true);

    private static RunDemand Waiting(string id, long order = 1, int workers = 1, int gibibytes = 0) => new(id, order, RunPhase.Queued, workers, (long)gibibytes << 30, []);

    private static RunDemand Running(string id, long order, string agent, params int[] slots) =>
        new(id, order, RunPhase.Running, slots.Length, 0, [.. slots.Select((slot, rank) => new Member(rank, agent, slot))]);

    // A parent is written as "id phase step".
    private static RunDemand Child(string id, long order, params string[] parents) => Waiting(id, order) with
    {
        Parents = [.. parents.Select(parent => parent.Split(' ')).Select(parts => new ParentRun(parts[0], Enum.Parse<RunPhase>(parts[1])))],
    };
}
