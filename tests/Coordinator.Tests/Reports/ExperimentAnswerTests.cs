using Temper.Contracts.Experiments;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports.Experiments;
using Temper.Mixture.Mixing;

namespace Temper.Coordinator.Tests.Reports;

public class ExperimentAnswerTests
{
    [Fact]
    public void A_lead_beyond_noise_is_a_lead()
    {
        var answer = Answer(
            ("x", RowRole.Contender, [(80, 70, 1), (82, 70, 1)]),
            ("y", RowRole.Contender, [(60, 50, 1)]));

        Assert.Equal(
            [
                "The best average over 2 tasks is that of x: 75.50, 20.50 above y, the next best, which is more than noise (two standard deviations: 1.41).",
                "By task, x is best on a and b.",
                "The recipe with the highest average took 1.00×10⁹ training FLOPs, within 2 % of every other.",
            ],
            answer);
    }

    [Fact]
    public void A_lead_within_noise_is_none()
    {
        var answer = Answer(
            ("x", RowRole.Contender, [(80, 70, 1), (84, 70, 1)]),
            ("y", RowRole.Contender, [(80, 69, 1)]),
            ("z, the third", RowRole.Contender, [(81, 68, 1)]));

        Assert.Equal("The highest average over 2 tasks is that of x, 76.00, but it is not distinguishable from y and “z, the third” (two standard deviations: 2.83).", answer[0]);
        Assert.Equal("By task, x is best on b; on a the best is not distinguishable from the next.", answer[1]);
    }

    [Fact]
    public void A_mixture_is_compared_with_equal_mixing_and_with_each_task_alone()
    {
        var input = SampleExperiments.ByHand(
            ("two", RowRole.Contender, [(80, 70, 1), (82, 71, 1)]),
            ("half", RowRole.Contender, [(75, 71, 1)]),
            ("same", RowRole.Contender, [(60, 60, 1)]),
            ("alone", RowRole.Alone, [(70, 77, 1)]));
        var runs = input.Layout.Runs.Select(run => run.Key == "same-1" ? run with { Spec = run.Spec with { Mixture = new MixtureSpec(MixingStrategy.Equal) } } : run).ToList();

        var answer = ExperimentReport.From(input with
        {
            Spec = input.Spec with { Comparison = null, MixtureStudy = new MixtureStudySpec() },
            Layout = input.Layout with { Runs = runs },
        }).Answer;

        Assert.Equal("The best average over 2 tasks is that of two: 75.75, 2.75 above half, the next best, which is more than noise (two standard deviations: 2.12).", answer[0]);
        Assert.Equal("Equal mixing reaches 60.00, 15.75 less.", answer[1]);
        Assert.Equal("Against each task trained alone it gains on a (+11.00) and loses on b (−6.50); training each alone took 1.00 times its FLOPs.", answer[2]);
    }

    [Fact]
    public void An_ensemble_is_compared_with_the_mean_and_the_best_of_its_members()
    {
        var input = SampleExperiments.Input(
            SampleExperiments.Spec("e", null) with { Ensemble = new EnsembleStudySpec(2) },
            [
                Result("m1", 80, 60), Result("m2", 81, 61),
                Result("e", 90, 60.5) with { Steps = 0, Parents = ["m1", "m2"], Combine = Combination.Logits },
                Result("w", 40, 20) with { Steps = 0, Parents = ["m1", "m2"], Combine = Combination.Weights },
            ],
            [Row("member 1", RowRole.Member, "m1"), Row("member 2", RowRole.Member, "m2"), Row("ensemble", RowRole.Ensemble, "e"), Row("average", RowRole.WeightAverage, "w")]);

        Assert.Equal(
            [
                "The ensemble of 2 models averages 75.25 over 2 tasks, 4.75 above the mean of its members (70.50) and 4.25 above the best of them; the former is more than noise (two standard deviations: 1.41).",
                "Task by task, against the mean of its members, it gains on a (+9.50) and is not distinguishable on b.",
                "Averaging the weights instead gives 30.00, 45.25 below the ensemble, at the inference cost of one model.",
                "At inference the ensemble costs 2 times as much as one model; in training it took 2.00 times the FLOPs of a member.",
            ],
            ExperimentReport.From(input).Answer);
    }

    [Fact]
    public void Ways_to_spend_compute_are_held_to_what_they_cost()
    {
        var input = Scaling(flopsOfBatch: 4.4);

        var answer = ExperimentReport.From(input).Answer;

        Assert.Equal("With 4 times the compute, the best average over 2 tasks is that of steps: 77.00, 3.00 above batch, the next best, which is more than noise (two standard deviations: 1.41).", answer[0]);
        Assert.Equal("Over the baseline (70.50) the gains are +6.50 for steps, +3.50 for batch and +1.00 for tuned (within noise) at 2.50 times the compute.", answer[1]);
        Assert.Equal("Measured, batch cost 4.40 times the FLOPs of the baseline instead of 4, so the comparison is not at equal cost; the others are within 2 %.", answer[2]);
        Assert.StartsWith("The lowest held-out loss of them, 0.9000, is that of steps. ", answer[3], StringComparison.Ordinal);
        Assert.Equal("Measured, they cost 4.00 to 4.05 times the FLOPs of the baseline: all within 2 % of 4.", ExperimentReport.From(Scaling(flopsOfBatch: 4.05)).Answer[2]);
    }

    private static ExperimentReportInput Scaling(double flopsOfBatch) => SampleExperiments.Input(
        SampleExperiments.Spec("s", null) with { Scaling = new ScalingStudySpec(4) },
        [
            Result("b1", 80, 60) , Result("b2", 81, 61), Result("steps", 85, 69, 0.9) with { FlopsPerStep = 4e9 },
            Result("batch", 82, 66, 0.95) with { FlopsPerStep = flopsOfBatch * 1e9 }, Result("tuned", 81, 62) with { FlopsPerStep = 2.5e9 },
        ],
        [
            new ExperimentRow("base", RowRole.Baseline, 1, [Sample("b1"), Sample("b2")]), Row("steps", RowRole.MoreSteps, "steps", 4), Row("batch", RowRole.MoreBatch, "batch", 4),
            Row("tuned", RowRole.FineTunedEnsemble, "tuned"),
        ]);

    private static SampleResult Result(string key, double a, double b, double loss = 1) => new(key, new Dictionary<string, double?> { ["a"] = a, ["b"] = b }, loss);

    private static ExperimentRow Row(string label, RowRole role, string key, double? compute = null) => new(label, role, compute, [Sample(key)]);

    private static RowSample Sample(string key) => new(1, new Dictionary<string, string> { ["a"] = key, ["b"] = key });

    private static IReadOnlyList<string> Answer(params (string, RowRole, (double?, double?, double?)[])[] rows) => ExperimentReport.From(SampleExperiments.ByHand(rows)).Answer;
}
