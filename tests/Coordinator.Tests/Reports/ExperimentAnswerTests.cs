using System.Text.RegularExpressions;
using CsCheck;
using Temper.Contracts.Experiments;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports.Experiments;
using Temper.Mixture.Mixing;

namespace Temper.Coordinator.Tests.Reports;

public partial class ExperimentAnswerTests
{
    // With two degrees of freedom Student's two-sided p is 1 - t / √(t² + 2): the p-values here can be worked out by hand.
    [Fact]
    public void A_lead_beyond_noise_is_a_lead()
    {
        var answer = Answer(
            ("x", RowRole.Contender, [(80, 70, 1), (82, 71, 1), (81, 72, 1)]),
            ("y", RowRole.Contender, [(60, 50, 1)]));

        // σ = √3/2 of 75, 76.5 and 76.5; t = 21 / (σ √(1/3 + 1)) = 21.
        Assert.Equal(
            [
                "The best average over 2 tasks is that of x: 76.00, 21.00 above y, the next best, which is more than noise (Student's t-test, standard deviation 0.87, p = 0.002).",
                "By task, x is best on a and b.",
                "The recipe with the highest average took 1.00×10⁹ training FLOPs, within 2 % of every other.",
            ],
            answer);
    }

    [Fact]
    public void A_lead_within_noise_is_none_and_the_losses_are_told()
    {
        var answer = Answer(
            ("x", RowRole.Contender, [(80, 70, 1.0), (84, 70, 1.1)]),
            ("y", RowRole.Contender, [(80, 69, 1.2)]),
            ("z, the third", RowRole.Contender, [(81, 68, 9.9)]));

        Assert.Equal("The highest average over 2 tasks is that of x, 76.00, but it is not distinguishable from y and “z, the third” (Student's t-test, standard deviation 1.41).", answer[0]);
        Assert.Equal("The lowest held-out loss is that of x, 1.0500, but it is not distinguishable from y (Student's t-test, standard deviation 0.0707).", answer[1]);
        Assert.Equal("By task, on a and b none is best beyond noise.", answer[2]);
    }

    [Fact]
    public void Where_all_scores_are_equal_nobody_wins_and_the_losses_are_told()
    {
        var answer = Answer(
            ("x", RowRole.Contender, [(0, 0, 0.50), (0, 0, 0.51), (0, 0, 0.52)]),
            ("y", RowRole.Contender, [(0, 0, 0.70), (0, 0, 0.71), (0, 0, 0.72)]));

        // t = 0.2 / (0.01 √(2/3)) = 24.5 with four degrees of freedom.
        Assert.Equal(
            [
                "The average over 2 tasks is the same for all, 0.00: it names no best.",
                "The best held-out loss is that of x: 0.5100, 0.2000 below y, the next best, which is more than noise (Student's t-test, standard deviation 0.0100, p < 0.001).",
                "By task, on a and b all are equal.",
            ],
            answer);
    }

    [Fact]
    public void A_mixture_is_compared_with_equal_mixing_and_with_each_task_alone()
    {
        var input = SampleExperiments.ByHand(
            ("two", RowRole.Contender, [(80, 70, 1), (82, 71, 1), (81, 72, 1)]),
            ("half", RowRole.Contender, [(60, 60, 1)]),
            ("same", RowRole.Contender, [(50, 50, 1)]),
            ("alone", RowRole.Alone, [(40, 86, 1)]));
        var runs = input.Layout.Runs.Select(run => run.Key == "same-1" ? run with { Spec = run.Spec with { Mixture = new MixtureSpec(MixingStrategy.Equal) } } : run).ToList();

        var answer = Study(input with { Layout = input.Layout with { Runs = runs } });

        // t = 13 / (0.866 √(4/3)) = 13 with two degrees of freedom: p = 0.0059, and there are three comparisons.
        Assert.Equal("The best average over 2 tasks is that of two: 76.00, 13.00 above alone, the next best, which is more than noise (Student's t-test, standard deviation 0.87, adjusted p = 0.018).", answer[0]);
        Assert.Equal("Equal mixing reaches 50.00, 26.00 less.", answer[1]);
        Assert.Equal("Against each task trained alone, two, the mixture with the highest average, gains on a (+41.00) and loses on b (−15.00); training each alone took 1.00 times its FLOPs.", answer[2]);
    }

    [Fact]
    public void No_mixture_is_the_best_below_training_each_task_alone()
    {
        var alone = ("alone", RowRole.Alone, new (double?, double?, double?)[] { (90, 90, 1), (91, 91, 1), (92, 92, 1) });
        var far = Study(SampleExperiments.ByHand(
            ("two", RowRole.Contender, [(80, 80, 1), (81, 81, 1), (82, 82, 1)]), ("half", RowRole.Contender, [(60, 60, 1), (61, 61, 1), (62, 62, 1)]), alone));
        var near = Study(SampleExperiments.ByHand(
            ("two", RowRole.Contender, [(80, 80, 1), (81, 81, 1), (82, 82, 1)]), ("half", RowRole.Contender, [(79, 79, 1), (80, 80, 1), (81, 81, 1)]), alone));

        // t = 10 / √(2/3) = 12.2 with six degrees of freedom; of the mixtures 20 / √(2/3), against half alone.
        Assert.Equal("The best average over 2 tasks is that of alone: 91.00, 10.00 above two, the next best, which is more than noise (Student's t-test, standard deviation 1.00, adjusted p < 0.001).", far[0]);
        Assert.Equal("Of the mixtures the best is two: 81.00, more than noise above each other one (Student's t-test, standard deviation 1.00, p < 0.001).", far[1]);
        Assert.Equal("Of the mixtures none is best beyond noise.", near[1]);
    }

    /// <summary>The runs of docs/results/mixing.json of September 2026, of which a report said: temperature T = 2 is in front, gains 30 points on dates_en_fr and loses 37.5 on dates_en_de.</summary>
    [Fact]
    public void What_recorded_runs_do_not_carry_is_not_said()
    {
        string[] tasks = ["acceptability", "dates_en_de", "dates_en_fr", "similarity"];
        (string Label, RowRole Role, double[][] Scores, double[] Losses)[] rows =
        [
            ("equal", RowRole.Contender, [[65.5, 60, 62], [46, 29, 18.5], [35.5, 20, 11.5], [29.665, 35.409, 34.327]], [0.208, 0.222, 0.236]),
            ("proportional", RowRole.Contender, [[55, 58, 53.5], [98.5, 100, 97.5], [0, 5, 2], [26.098, 17.42, 32.004]], [0.322, 0.283, 0.303]),
            ("proportional, K = 1,000", RowRole.Contender, [[69.5, 61, 61.5], [38.5, 17, 17], [23, 10.5, 9.5], [43.015, 28.237, 38.081]], [0.21, 0.245, 0.236]),
            ("temperature T = 2", RowRole.Contender, [[65.5, 63.5, 62.5], [47, 94.5, 41], [30, 64, 19], [41.449, 30.963, 34.764]], [0.209, 0.185, 0.221]),
            ("each task by itself", RowRole.Alone, [[68, 71, 65.5], [96, 99.5, 99.5], [7, 10.5, 5], [42.247, 49.866, 43.399]], [0.246, 0.233, 0.244]),
        ];
        var runs = rows.SelectMany(row => Enumerable.Range(0, 3).Select(i =>
            new SampleResult($"{row.Label}-{i}", tasks.Index().ToDictionary(task => task.Item, task => (double?)row.Scores[task.Index][i]), row.Losses[i]))).ToList();
        var input = SampleExperiments.Input(
            SampleExperiments.Spec("mixing", null) with { MixtureStudy = new MixtureStudySpec() },
            runs,
            [.. rows.Select(row => new ExperimentRow(row.Label, row.Role, null, [.. Enumerable.Range(0, 3).Select(i => new RowSample(i, tasks.ToDictionary(task => task, _ => $"{row.Label}-{i}")))]))]);

        var report = ExperimentReport.From(input);

        // p of Bartlett's tests, by numerical integration of the densities elsewhere: 0.0496, 0.688, 0.0066, 0.042, 0.779, 0.802.
        Assert.Equal(
            [NoiseTest.Welch, NoiseTest.Pooled, NoiseTest.Welch, NoiseTest.Welch, NoiseTest.Pooled, NoiseTest.Pooled],
            report.Table.Columns.Select(column => column.Test));
        Assert.StartsWith("The highest average over 4 tasks is that of each task by itself, 54.79, but it is not distinguishable from ", report.Answer[0], StringComparison.Ordinal);
        Assert.Contains("Of the mixtures none is best beyond noise.", report.Answer);
        // Welch's p of T = 2 against each task alone: 0.154 on dates_en_fr and 0.156 on dates_en_de, for 30/64/19 against 7/10.5/5 and 47/94.5/41 against 96/99.5/99.5.
        var alone = Assert.Single(report.Answer, sentence => sentence.StartsWith("Against each task trained alone", StringComparison.Ordinal));
        Assert.Contains("not distinguishable on acceptability, dates_en_de, dates_en_fr and similarity", alone, StringComparison.Ordinal);
        Assert.DoesNotContain(" gains ", alone, StringComparison.Ordinal);
    }

    /// <summary>The words of the first sentence and the bold of the table are the same claim, whatever the numbers are.</summary>
    [Fact]
    public void What_the_headline_names_is_what_is_bold() => Gen.Select(Gen.Int[1, 3].Array[2, 5], Gen.Double[0, 100].Array[15], Gen.Double[0.01, 8], Gen.Bool).Sample(
        (counts, scores, spread, isStudy) =>
        {
            var rows = counts.Select((count, r) => ($"row{r}", isStudy && r == 0 ? RowRole.Alone : RowRole.Contender, Enumerable.Range(0, count)
                .Select(i => ((double?)(scores[r] + (spread * (scores[(3 * r) + i] - 50) / 50)), (double?)scores[r], (double?)1.0)).ToArray())).ToArray();
            var input = SampleExperiments.ByHand(rows);
            var report = ExperimentReport.From(isStudy ? input with { Spec = input.Spec with { Comparison = null, MixtureStudy = new MixtureStudySpec() } } : input);

            var (sentence, bold) = (report.Answer[0], report.Table.Rows.Where(row => row.Cells[ResultTable.Average].Bold).Select(row => row.Label).ToList());
            if (sentence.StartsWith("The best average", StringComparison.Ordinal))
            {
                Assert.Single(bold);
                Assert.Contains($"is that of {bold[0]}:", sentence, StringComparison.Ordinal);
            }
            else if (sentence.Contains("but it is not distinguishable from", StringComparison.Ordinal))
            {
                Assert.Equal(bold.Order(), Name().Matches(sentence.Split(" has too few")[0].Split(" have too few")[0].Split("; ")[0]).Select(match => match.Value).Order());
            }
            else
            {
                Assert.Empty(bold);
            }
        },
        iter: 300,
        threads: 1);

    [Fact]
    public void An_ensemble_is_compared_with_the_mean_and_the_best_of_its_members()
    {
        var input = SampleExperiments.Input(
            SampleExperiments.Spec("e", null) with { Ensemble = new EnsembleStudySpec(3) },
            [
                Result("m1", 80, 60), Result("m2", 81, 61), Result("m3", 82, 62),
                Result("e", 99, 63) with { Steps = 0, Parents = ["m1", "m2", "m3"], Combine = Combination.Logits },
                Result("w", 40, 20) with { Steps = 0, Parents = ["m1", "m2", "m3"], Combine = Combination.Weights },
            ],
            [Row("member 1", RowRole.Member, "m1"), Row("member 2", RowRole.Member, "m2"), Row("member 3", RowRole.Member, "m3"), Row("ensemble", RowRole.Ensemble, "e"), Row("average", RowRole.WeightAverage, "w")]);

        // t = 10 / √(1/3 + 1) = 8.66 and 51 / √2 = 36.06 with two degrees of freedom: p = 0.0131 and 0.0008, and there are two comparisons.
        Assert.Equal(
            [
                "The ensemble of 3 models averages 81.00 over 2 tasks, 10.00 above the mean of its members (71.00) and 9.00 above the best of them; the former is more than noise (Student's t-test, standard deviation 1.00, adjusted p = 0.026).",
                "Task by task, against the mean of its members, it gains on a (+18.00) and is not distinguishable on b.",
                "Its held-out loss, 1.0000, is equal to theirs.",
                "Averaging the weights instead gives 30.00, 51.00 below the ensemble, which is more than noise (Student's t-test, standard deviation 1.00, adjusted p = 0.002), at the inference cost of one model.",
                "At inference the ensemble costs 3 times as much as one model; in training it took 3.00 times the FLOPs of a member.",
            ],
            ExperimentReport.From(input).Answer);
        // The members are one thing in three rows: told from the ensemble in words and not bold, all of them.
        Assert.Equal([false, false, false, true, false], ExperimentReport.From(input).Table.Rows.Select(row => row.Cells[ResultTable.Average].Bold));
    }

    [Fact]
    public void Ways_to_spend_compute_are_held_to_what_they_cost()
    {
        var input = Scaling(flopsOfBatch: 4.4);

        var report = ExperimentReport.From(input);
        var answer = report.Answer;

        // t = 13 / √2 = 9.19 with two degrees of freedom. Against the baseline three rows are compared: 16 / √(4/3) = 13.9, 3 / √(4/3) = 2.6.
        Assert.Equal("With 4 times the compute, the best average over 2 tasks is that of steps: 87.00, 13.00 above batch, the next best, which is more than noise (Student's t-test, standard deviation 1.00, p = 0.012).", answer[0]);
        Assert.Equal("Over the baseline (71.00) the differences are +16.00 for steps, +3.00 for batch (not distinguishable) and +0.50 for tuned (not distinguishable) at 2.50 times the compute.", answer[1]);
        Assert.Equal("Measured, batch cost 4.40 times the FLOPs of the baseline instead of 4, so the comparison is not at equal cost; the others are within 2 %.", answer[2]);
        Assert.Equal("Of them, the lowest held-out loss is that of steps, 0.9000, but there are too few repetitions to tell it from batch.", answer[3]);
        Assert.Equal("Measured, they cost 4.00 to 4.05 times the FLOPs of the baseline: all within 2 % of 4.", ExperimentReport.From(Scaling(flopsOfBatch: 4.05)).Answer[2]);
        // A doubt that all share is said once.
        Assert.EndsWith(" at 1.94 times the compute; none of them is more than noise.", ExperimentReport.From(SampleExperiments.Scaling()).Answer[1], StringComparison.Ordinal);
        // What costs more or less does not compete, however good it is.
        Assert.Equal([false, true, false, false], report.Table.Rows.Select(row => row.Cells[ResultTable.Average].Bold));
    }

    [GeneratedRegex("row[0-9]")]
    private static partial Regex Name();

    private static IReadOnlyList<string> Study(ExperimentReportInput input) =>
        ExperimentReport.From(input with { Spec = input.Spec with { Comparison = null, MixtureStudy = new MixtureStudySpec() } }).Answer;

    private static ExperimentReportInput Scaling(double flopsOfBatch) => SampleExperiments.Input(
        SampleExperiments.Spec("s", null) with { Scaling = new ScalingStudySpec(4) },
        [
            Result("b1", 80, 60), Result("b2", 81, 61), Result("b3", 82, 62), Result("steps", 95, 79, 0.9) with { FlopsPerStep = 4e9 },
            Result("batch", 82, 66, 0.95) with { FlopsPerStep = flopsOfBatch * 1e9 }, Result("tuned", 81, 62) with { FlopsPerStep = 2.5e9 },
        ],
        [
            new ExperimentRow("base", RowRole.Baseline, 1, [Sample("b1"), Sample("b2"), Sample("b3")]), Row("steps", RowRole.MoreSteps, "steps", 4), Row("batch", RowRole.MoreBatch, "batch", 4),
            Row("tuned", RowRole.FineTunedEnsemble, "tuned"),
        ]);

    private static SampleResult Result(string key, double a, double b, double loss = 1) => new(key, new Dictionary<string, double?> { ["a"] = a, ["b"] = b }, loss);

    private static ExperimentRow Row(string label, RowRole role, string key, double? compute = null) => new(label, role, compute, [Sample(key)]);

    private static RowSample Sample(string key) => new(1, new Dictionary<string, string> { ["a"] = key, ["b"] = key });

    private static IReadOnlyList<string> Answer(params (string, RowRole, (double?, double?, double?)[])[] rows) => ExperimentReport.From(SampleExperiments.ByHand(rows)).Answer;
}
