using CsCheck;
using Temper.Contracts.Runs;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Tests.Scheduling;

public class AgentHealthRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Three_runs_that_fail_on_an_agent_take_it_out_and_each_trial_that_fails_doubles_the_time()
    {
        var pool = new Pool();
        pool.Fails("r1", "a");
        pool.Fails("r2", "a");
        Assert.Null(pool.Doubt("a"));
        pool.Fails("r3", "a");

        Assert.Equal("agent a gets no work until 2026-01-02 12:01:00 UTC", pool.Doubt("a")!.What);
        Assert.Equal("3 runs failed on agent a and none has made progress there since; the last one, run r3: Rank 0 on agent a: killed. (trainer_died)", pool.Doubt("a")!.Why);
        Assert.Null(pool.Doubt("b"));
        foreach (var minutes in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            pool.Passes(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
            Assert.False(pool.Doubt("a")!.TakesOne);
            pool.Passes(TimeSpan.FromSeconds(1));
            Assert.True(pool.Doubt("a")!.TakesOne);
            pool.Starts("r3", "a");
            Assert.Equal(("agent a is tried with run r3", false), (pool.Doubt("a")!.What, pool.Doubt("a")!.TakesOne));
            pool.Fails("r3", "a");
        }
    }

    [Fact]
    public void Progress_of_any_trainer_makes_all_good()
    {
        var pool = new Pool();
        pool.Starts("old", "a");
        pool.FailOn("a", "r1", "r2", "r3");
        Assert.NotNull(pool.Doubt("a"));

        pool.Steps("old");

        Assert.Null(pool.Doubt("a"));
        pool.FailOn("a", "r1", "r2");
        Assert.Null(pool.Doubt("a"));
    }

    [Fact]
    public void A_run_that_only_evaluates_has_made_progress_when_it_has_finished()
    {
        var pool = new Pool();
        pool.FailOn("a", "r1", "r2", "r3");
        pool.Passes(TimeSpan.FromMinutes(1));
        pool.Starts("r4", "a");

        pool.Finishes("r4");

        Assert.Null(pool.Doubt("a"));
    }

    [Fact]
    public void A_run_counts_once_however_often_it_fails()
    {
        var pool = new Pool();
        for (var i = 0; i < 10; i++)
        {
            pool.Fails("r1", "a");
            pool.Fails("r2", "a", FailureCauses.OutOfMemory);
        }

        Assert.Null(pool.Doubt("a"));
        Assert.Equal(["a"], AgentHealthRule.FailedOn(pool.Health, "r1"));
    }

    [Fact]
    public void What_fails_in_the_same_way_elsewhere_is_not_the_agents_fault()
    {
        var pool = new Pool();
        pool.FailOn("a", "r1", "r2", "r3");
        pool.Fails("r1", "b", FailureCauses.OutOfMemory);
        Assert.NotNull(pool.Doubt("a"));

        pool.Fails("r1", "b");

        Assert.Null(pool.Doubt("a"));
        pool.FailOn("b", "r2", "r3");
        pool.FailOn("c", "r1", "r2", "r3");
        Assert.All(["a", "b", "c"], agent => Assert.Null(pool.Doubt(agent)));
    }

    [Fact]
    public void A_run_that_trains_on_the_third_agent_was_not_the_cause_on_the_first_two()
    {
        var pool = new Pool();
        foreach (var run in new[] { "r1", "r2", "r3" })
        {
            pool.Fails(run, "a");
            pool.Fails(run, "b");
            Assert.Null(pool.Doubt("a"));
            pool.Starts(run, "c");
            pool.Steps(run);
        }

        Assert.NotNull(pool.Doubt("a"));
        Assert.NotNull(pool.Doubt("b"));
        Assert.Null(pool.Doubt("c"));
    }

    [Fact]
    public void Runs_of_one_experiment_count_as_one_until_one_of_them_has_trained()
    {
        var pool = new Pool();
        pool.FailOn("a", "x/1", "x/2", "x/3", "x/4", "other");
        Assert.Null(pool.Doubt("a"));

        pool.Starts("x/5", "b");
        pool.Steps("x/5");
        pool.Fails("x/1", "a");

        Assert.StartsWith("5 runs failed on agent a", pool.Doubt("a")!.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trial_that_ends_without_a_failure_leaves_its_place_to_another_run()
    {
        var pool = new Pool();
        pool.FailOn("a", "r1", "r2", "r3");
        pool.Passes(TimeSpan.FromMinutes(1));
        pool.Starts("r4", "a");
        Assert.False(pool.Doubt("a")!.TakesOne);

        pool.Leaves("r4");

        Assert.Equal(("agent a is to be tried with one run", true), (pool.Doubt("a")!.What, pool.Doubt("a")!.TakesOne));
    }

    [Fact]
    public void Only_failures_that_name_an_agent_count_and_each_once()
    {
        var pool = new Pool();
        foreach (var run in new[] { "r1", "r2", "r3" })
        {
            pool.Fails(run, "a", suspects: false);
            pool.Looks(run);
        }

        Assert.Null(pool.Doubt("a"));
        Assert.Empty(AgentHealthRule.FailedOn(pool.Health, "r1"));
    }

    [Fact]
    public void An_agent_that_was_started_anew_is_not_judged_by_what_was_before()
    {
        var pool = new Pool();
        pool.FailOn("a", "r1", "r2", "r3");

        Assert.Null(AgentHealthRule.Doubt(AgentHealthRule.Forget(pool.Health, "a"), "a", pool.Elapsed));
    }

    // Runs 0 and 1 fail wherever they are tried, as often as they like; the others train.
    [Fact]
    public void Runs_that_fail_everywhere_never_take_out_an_agent_that_others_train_on() => Gen.Select(Gen.Int[0, 4], Gen.Int[0, 3], Gen.Int[0, 1]).Array[1, 60].Sample(
        events =>
        {
            var pool = new Pool();
            foreach (var (run, agent, cause) in events)
            {
                pool.Happens($"r{run}", $"a{agent}", run < 2, cause);
                Assert.All(Enumerable.Range(0, 4), a => Assert.Null(pool.Doubt($"a{a}")));
            }
        },
        iter: 500);

    // Any number of runs, each of which may fail or train: written down here once more, in the simplest way.
    [Fact]
    public void Whoever_gets_no_work_has_seen_three_runs_fail_since_one_made_progress() => Gen.Select(Gen.Int[0, 6], Gen.Int[0, 2], Gen.Int[0, 9], Gen.Int[0, 1]).Array[1, 80].Sample(
        events =>
        {
            var pool = new Pool();
            var failed = Enumerable.Range(0, 3).ToDictionary(agent => $"a{agent}", _ => new HashSet<string>());
            foreach (var (run, agent, luck, cause) in events)
            {
                pool.Happens($"r{run}", $"a{agent}", luck < 7, cause);
                if (luck < 7)
                {
                    failed[$"a{agent}"].Add($"r{run}");
                }
                else
                {
                    failed[$"a{agent}"].Clear();
                }

                Assert.All(failed, pair => Assert.True(pool.Doubt(pair.Key) is null || pair.Value.Count >= 3, $"{pair.Key}: {string.Join(", ", pair.Value)}"));
                Assert.True(pool.Health.Failures.Count <= 7 * 3 * 2);
            }
        },
        iter: 500);

    /// <summary>Runs and a clock: what happens to them is told to the rule as the index would tell it. A run "x/1" belongs to experiment x.</summary>
    private sealed class Pool
    {
        private readonly Dictionary<string, RunStatus> _runs = [];

        public AgentHealth Health { get; private set; } = AgentHealth.Unknown;

        public TimeSpan Elapsed { get; private set; } = TimeSpan.FromDays(1);

        public AgentDoubt? Doubt(string agent) => AgentHealthRule.Doubt(Health, agent, Elapsed);

        public void Passes(TimeSpan time) => Elapsed += time;

        public void Starts(string run, string agent)
        {
            Sees(Run(run) with { Epoch = Run(run).Epoch + 1, Phase = RunPhase.Starting, Members = [new Member(0, agent, 0)] });
            Health = AgentHealthRule.Try(Health, run, [agent]);
            Looks(run);
        }

        public void Steps(string run) => Sees(Run(run) with { Phase = RunPhase.Running, Step = Run(run).Step + 1 });

        public void Finishes(string run) => Sees(Run(run) with { Phase = RunPhase.Running, Members = [] });

        public void Leaves(string run) => Sees(Run(run) with { Phase = RunPhase.Paused, Members = [] });

        public void Looks(string run) => Sees(Run(run));

        public void Fails(string run, string agent, string cause = FailureCauses.TrainerDied, bool suspects = true)
        {
            if (Run(run).Members.Count == 0)
            {
                Starts(run, agent);
            }

            var recovery = new Recovery(Noon, Run(run).Epoch, cause, $"Rank 0 on agent {agent}: killed.", 0, suspects ? [agent] : null);
            Sees(Run(run) with { Phase = RunPhase.Recovering, Members = [], Recoveries = [.. Run(run).Recoveries, recovery] });
        }

        public void FailOn(string agent, params string[] runs)
        {
            foreach (var run in runs)
            {
                Fails(run, agent);
            }
        }

        public void Happens(string run, string agent, bool fails, int cause)
        {
            if (fails)
            {
                Fails(run, agent, cause == 0 ? FailureCauses.TrainerDied : FailureCauses.OutOfMemory);
            }
            else
            {
                Starts(run, agent);
                Steps(run);
                Leaves(run);
            }

            Passes(TimeSpan.FromMinutes(1));
        }

        private RunStatus Run(string id) => _runs.TryGetValue(id, out var run)
            ? run
            : _runs[id] = new RunStatus(id, id, RunPhase.Queued, "", 0, 100, 0, 1, [], [], null, "/out", Noon, null, null, null) { ExperimentId = id.Contains('/') ? id.Split('/')[0] : null };

        private void Sees(RunStatus after)
        {
            Health = AgentHealthRule.Observe(Health, Run(after.Id), after, Elapsed, Noon + (Elapsed - TimeSpan.FromDays(1)));
            _runs[after.Id] = after;
            Health = AgentHealthRule.EndTrials(Health, _runs.Values);
        }
    }
}
