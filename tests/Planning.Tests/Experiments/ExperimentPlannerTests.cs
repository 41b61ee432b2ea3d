using CsCheck;
using Temper.Contracts.Experiments;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Planning.Experiments;

namespace Temper.Planning.Tests.Experiments;

public class ExperimentPlannerTests
{
    [Fact]
    public void What_is_only_evaluated_is_not_trained_by_itself()
    {
        var spec = Specs.Read("mixture_study: {mixtures: [{strategy: equal}], alone: true}");
        var study = spec with { Base = spec.Base with { Tasks = new Dictionary<string, TaskSpec>(spec.Base.Tasks) { ["dev"] = new(Validation: new(["rows.tsv"])) } } };

        var layout = ExperimentExpander.Expand(study, "x", _ => 1);

        Assert.Equal(["days", "months"], layout.Rows[^1].Samples.Single().RunOfTask.Keys.Order());
        Assert.Equal(["days", "dev", "months"], layout.Rows[0].Samples.Single().RunOfTask.Keys.Order());
    }

    [Fact]
    public void A_study_has_a_run_for_each_mixture_and_seed_and_for_each_task_by_itself()
    {
        var layout = Specs.Planned("mixture_study: {mixtures: [{strategy: equal}], grid: {temperatures: [1, 4], caps: [5, 20]}, seeds: [1, 2]}").Layout;

        Assert.Equal(
            ["equal", "proportional, K = 5", "proportional, K = 20", "temperature T = 4, K = 5", "temperature T = 4, K = 20", "each task by itself"],
            layout.Rows.Select(row => row.Label));
        Assert.Equal((5 * 2) + (2 * 2), layout.Runs.Count);
        var alone = layout.Rows[^1].Samples[1];
        Assert.Equal(2, alone.Seed);
        Assert.Equal(["days"], layout.Runs.Single(run => run.Key == alone.RunOfTask["days"]).Spec.Tasks.Keys);
    }

    [Fact]
    public void Members_that_share_a_parent_start_from_it_and_it_is_trained_once()
    {
        var planned = Specs.Planned("ensemble: {members: 3, parent: {training: {steps: 20}}}");
        var runs = planned.Layout.Runs;

        Assert.Equal(["parent", "member-seed17", "member-seed18", "member-seed19", "ensemble", "weights"], runs.Select(run => run.Key));
        Assert.All(runs.Skip(1).Take(3), run => Assert.Equal("run:x-01", run.Spec.Model.InitFrom));
        Assert.Equal(["run:x-02", "run:x-03", "run:x-04"], runs[4].Spec.Model.Members);
        Assert.Equal((0, Combination.Logits), (runs[4].Spec.Training.Steps, runs[4].Spec.Model.Combine));
        Assert.Equal(Combination.Weights, runs[5].Spec.Model.Combine);
        Assert.Equal("/out/runs/parent/model", Assert.Single(planned.Runs[1].Origins).Folder);
        Assert.Equal("x-01", planned.Runs[1].Origins[0].RunId);

        // An ensemble costs its members and their parent once; evaluating it is no training.
        var cost = planned.Layout.Runs.Zip(planned.Runs).ToDictionary(pair => pair.First.Key, pair => pair.Second.Plan.TrainingFlops);
        var row = planned.Layout.Rows.Single(row => row.Role == RowRole.Ensemble);
        Assert.Equal(cost["parent"] + cost["member-seed17"] + cost["member-seed18"] + cost["member-seed19"], planned.Layout.CostOf(row, key => cost[key]), 1.0);
        Assert.Equal(0, cost["ensemble"]);
    }

    [Fact]
    public void Every_variant_that_claims_equal_cost_costs_that()
    {
        var plan = Specs.Planned("scaling: {compute: 4, pretrain: {training: {steps: 90}}}").Summary();

        Assert.Equal(
            ["baseline", "2× steps", "4× steps", "8× steps", "4× batch", "larger model (layers 4, decoder layers 4)", "ensemble of 4", "ensemble of 4, fine-tuned from one parent"],
            plan.Rows.Select(row => row.Label));
        Assert.All(plan.Rows.Where(row => row.Compute is not null), row => Assert.InRange(row.Ratio!.Value, 0.98 * row.Compute!.Value, 1.02 * row.Compute.Value));
        var tuned = plan.Rows[^1];
        Assert.Null(tuned.Compute);
        Assert.InRange(tuned.Ratio!.Value, 1.2, 3.5);
    }

    [Fact]
    public void Every_row_of_a_scaling_experiment_is_repeated_with_every_seed()
    {
        var planned = Specs.Planned("scaling: {compute: 2, curve: [1], pretrain: {training: {steps: 90}}, seeds: [17, 18, 20]}");
        var layout = planned.Layout;

        Assert.Equal(["baseline", "2× steps", "2× batch", "larger model (layers 4, decoder layers 4)", "ensemble of 2", "ensemble of 2, fine-tuned from one parent"], layout.Rows.Select(row => row.Label));
        Assert.All(layout.Rows, row => Assert.Equal([17, 18, 20], row.Samples.Select(sample => sample.Seed)));
        Assert.All(planned.Summary().Rows.Where(row => row.Compute is not null), row => Assert.Equal(1, row.Ratio!.Value / row.Compute!.Value, 0.02));
        Assert.Equal(["base-seed17-1", "base-seed17", "base-seed18-1", "base-seed18", "base-seed20-1", "base-seed20", "steps-2x-seed17-1"], layout.Runs.Take(7).Select(run => run.Key));
        // Repetitions that shared a run would not be repetitions, and a seed that occurs twice would be the same run.
        foreach (var row in layout.Rows)
        {
            var runs = row.Samples.SelectMany(layout.RunsOf).ToList();
            Assert.Equal(runs.Count, runs.Distinct().Count());
            var trained = layout.Runs.Where(run => runs.Contains(run.Key) && run.Spec.Training.Steps > 0).Select(run => (run.Spec.Model.InitFrom, run.Spec.Seed)).ToList();
            Assert.Equal(trained.Count, trained.Distinct().Count());
        }

        Assert.Equal(["base-seed18", "base-seed18-1", "member-2-seed18", "member-2-seed18-1", "ensemble-seed18"], layout.RunsOf(layout.Rows[4].Samples[1]).Order(StringComparer.Ordinal).OrderBy(key => key.StartsWith("ensemble", StringComparison.Ordinal)));
        Assert.Equal(18 + 4, layout.Runs.Single(run => run.Key == "member-2-seed18").Spec.Seed);
    }

    [Fact]
    public void A_scaling_experiment_without_seeds_has_the_runs_it_always_had() => Assert.Equal(
        ["base-1", "base", "steps-2x-1", "steps-2x", "batch-2x-1", "batch-2x", "larger-1-1", "larger-1", "member-2-1", "member-2", "ensemble", "tuned-2", "tuned-ensemble"],
        Specs.Planned("scaling: {compute: 2, curve: [1], pretrain: {training: {steps: 90}}}").Layout.Runs.Select(run => run.Key));

    [Fact]
    public void Costs_are_equal_whatever_is_scaled() => Gen.Select(Gen.Int[2, 6], Gen.Int[30, 80], Gen.Int[1, 3], Gen.Int[1, 3]).Sample(
        (compute, steps, micro, layers) =>
        {
            var spec = Specs.Read($"scaling: {{compute: {compute}, curve: [1, {compute + 1}], larger: [{{layers: {layers + 2}}}, {{d_model: 64}}]}}");
            spec = spec with { Base = spec.Base with { Training = spec.Base.Training with { Steps = steps, Batch = 4 * micro, MicroBatches = micro } } };
            var plan = Specs.Plan(spec).Value!.Summary();
            Assert.All(plan.Rows.Where(row => row.Compute is not null), row => Assert.Equal(1, row.Ratio!.Value / row.Compute!.Value, 0.02));
        },
        iter: 15,
        threads: 1);

    [Fact]
    public void Too_few_steps_to_be_equal_are_refused() =>
        Assert.Contains(
            Specs.Mistakes("scaling: {compute: 2, larger: [{d_model: 320}]}").Concat(Tiny()),
            error => error.Path == "base.training.steps" && error.Message.Contains("instead of"));

    [Fact]
    public void A_recipe_may_end_with_a_run_for_each_task()
    {
        var layout = Specs.Planned("comparison: {recipes: {scratch: {stages: [{}], each_task: true}, shared: {stages: [{}, {}], each_task: true}}}").Layout;

        Assert.Equal(
            ["scratch-days-seed17", "scratch-months-seed17", "shared-seed17-shared", "shared-days-seed17", "shared-months-seed17"],
            layout.Runs.Select(run => run.Key).OrderBy(key => layout.Runs.ToList().FindIndex(run => run.Key == key)));
        Assert.Equal("run:x-03", layout.Runs[4].Spec.Model.InitFrom);
        Assert.Equal(["shared-days-seed17", "shared-seed17-shared"], layout.RunsOf(layout.Rows[1].Samples[0] with { RunOfTask = new Dictionary<string, string> { ["days"] = "shared-days-seed17" } }).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("mixture_study: {}", "mixture_study.mixtures")]
    [InlineData("mixture_study: {grid: {}}", "mixture_study.grid")]
    [InlineData("mixture_study: {grid: {temperatures: [0]}}", "mixture_study.grid.temperatures")]
    [InlineData("mixture_study: {mixtures: [{strategy: equal}], seeds: [1, 1]}", "mixture_study.seeds")]
    [InlineData("mixture_study: {mixtures: [{strategy: explicit, rates: {months: 1, mouths: 2}}]}", "mixture_study.mixtures[0].rates.days")]
    [InlineData("mixture_study: {mixtures: [{strategy: explicit, rates: {months: 1, mouths: 2}}]}", "mixture_study.mixtures[0].rates.mouths")]
    [InlineData("mixture_study: {mixtures: [{strategy: equal, rates: {months: 1}}]}", "mixture_study.mixtures[0].rates")]
    [InlineData("ensemble: {models: [a], members: 2}", "ensemble.models")]
    [InlineData("ensemble: {models: [nowhere]}", "base.model.members[0]")]
    [InlineData("ensemble: {models: ['run:nobody']}", "base.model.members[0]")]
    [InlineData("ensemble: {members: 3, seeds: [1, 2]}", "ensemble.members")]
    [InlineData("scaling: {larger: []}", "scaling.larger")]
    [InlineData("scaling: {seeds: []}", "scaling.seeds")]
    [InlineData("scaling: {seeds: [3, 3]}", "scaling.seeds")]
    [InlineData("scaling: {larger: [{size: gigantic}]}", "scaling.model.size")]
    [InlineData("comparison: {recipes: {a: {stages: [{}]}}}", "comparison.recipes")]
    [InlineData("comparison: {recipes: {a: {stages: [{}]}, b: {stages: []}}}", "comparison.recipes.b.stages")]
    [InlineData("comparison: {recipes: {a: {stages: [{}]}, b: {stages: [{training: {batch: 7, micro_batches: 2}}]}}}", "runs.b-seed17.training.batch")]
    public void What_means_nothing_is_refused_with_its_place(string kind, string path) =>
        Assert.Contains(path, Specs.Mistakes(kind).Select(error => error.Path));

    [Fact]
    public void Names_from_anywhere_make_folders_that_stay_where_they_should()
    {
        var layout = Specs.Planned("comparison: {recipes: {'../../up': {stages: [{}]}, '.. ..up': {stages: [{}]}, '..': {stages: [{}]}}}").Layout;

        Assert.Equal(layout.Runs.Count, layout.Runs.Select(run => run.Key).Distinct().Count());
        Assert.All(layout.Runs, run =>
        {
            Assert.StartsWith("/out/runs/", Path.GetFullPath(ExperimentPlanner.OutputOf("/out", run.Key)));
            Assert.Matches("^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", run.Spec.Name);
        });
    }

    private static IReadOnlyList<Mixture.Tasks.SpecError> Tiny()
    {
        var spec = Specs.Read("scaling: {compute: 2, larger: [{d_model: 320}]}");
        return Specs.Plan(spec with { Base = spec.Base with { Training = spec.Base.Training with { Steps = 3 } } }).Errors;
    }
}
