using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Experiments;

namespace Temper.Coordinator.Tests.Reports;

public class ExperimentReportTests
{
    private const int Average = 0;
    private const int A = 1;
    private const int B = 2;
    private const int Loss = 3;

    [Theory]
    [InlineData("f1", "accuracy")]
    [InlineData("accuracy", "f1")]
    public void A_task_is_judged_by_the_first_metric_that_it_declares(string first, string second)
    {
        var input = SampleExperiments.ByHand(("x", RowRole.Contender, [(81, 70, 0.5)]));
        var runs = input.Runs.ToDictionary(pair => pair.Key, pair => pair.Value with { Report = With(pair.Value.Report, new OrderedDictionary<string, double?> { [first] = 20, [second] = 60 }) });

        var report = ExperimentReport.From(input with { Runs = runs });
        var read = ReportJson.ReadExperiment(JsonSerializer.Serialize(report, ReportJson.Document));

        Assert.Equal([first], read.Table.Columns.Where(column => column.Task == "a").Select(column => column.Metric));
        Assert.Equal([first, second], read.Table.Rows[0].Metrics["a"].Keys);
        Assert.Equal(20, read.Table.Rows[0].Cells[1].Mean);

        static RunReport With(RunReport report, OrderedDictionary<string, double?> metrics) => ReportJson.Read(JsonSerializer.Serialize(
            report with { Tasks = report.Tasks.ToDictionary(task => task.Key, task => task.Value.Test is { } test ? task.Value with { Metrics = metrics, Test = test with { Metrics = metrics } } : task.Value) }, ReportJson.Document));
    }

    [Fact]
    public void Cells_are_means_and_deviations_over_the_repetitions()
    {
        var table = ExperimentReport.From(SampleExperiments.ByHand(
            ("x", RowRole.Contender, [(80, 70, 1.0), (84, 72, 1.2), (82, 74, 1.1)]),
            ("y", RowRole.Contender, [(60, 50, 2.0)]))).Table;

        Assert.Equal([ColumnKind.Average, ColumnKind.Task, ColumnKind.Task, ColumnKind.Loss], table.Columns.Select(column => column.Kind));
        Assert.Equal([null, "accuracy", "accuracy", null], table.Columns.Select(column => column.Metric));
        Assert.Equal([null, "test", "test", null], table.Columns.Select(column => column.Split));
        var (x, y) = (table.Rows[0], table.Rows[1]);
        Assert.Equal((82.0, 2.0, 3), (x.Cells[A].Mean, x.Cells[A].Deviation, x.Cells[A].Samples));
        Assert.Equal((72.0, 2.0, 3), (x.Cells[B].Mean, x.Cells[B].Deviation, x.Cells[B].Samples));
        // The averages of the repetitions are 75, 78 and 78.
        Assert.Equal((77.0, Math.Sqrt(3), 3), (x.Cells[Average].Mean, x.Cells[Average].Deviation, x.Cells[Average].Samples));
        Assert.Equal(1.1, x.Cells[Loss].Mean!.Value, 1e-12);
        Assert.Equal((55.0, null, 1), (y.Cells[Average].Mean, y.Cells[Average].Deviation, y.Cells[Average].Samples));
        Assert.Equal([80.0, 84, 82], x.Cells[A].Values);
        // Every metric is there, the main one and the others.
        Assert.Equal(81, x.Metrics["a"]["f1"].Mean);
        Assert.Equal(1.1, x.Losses["b"].Mean!.Value, 1e-12);
    }

    [Fact]
    public void Bold_is_the_best_and_what_is_not_told_from_it()
    {
        // Deviations 1 (2 values apart by √2 each side of 90) and 3: pooled over 1 + 1 degrees of freedom √((1 + 9) / 2) = √5 = 2.236.
        // Three rows are compared with the best, so p must be 0.05 / 3. With two degrees of freedom p = 1 - t / √(t² + 2), which gives t = 7.649;
        // times √5 · √(1/2 + 1/1) that is 20.95.
        var (one, three) = (1 / Math.Sqrt(2), 3 / Math.Sqrt(2));
        var table = ExperimentReport.From(SampleExperiments.ByHand(
            ("best", RowRole.Contender, [(90 - one, 0, 1), (90 + one, 0, 1)]),
            ("spread", RowRole.Contender, [(60 - three, 0, 1), (60 + three, 0, 1)]),
            ("inside", RowRole.Contender, [(90 - 20.94, 0, 1)]),
            ("outside", RowRole.Contender, [(90 - 20.96, 0, 1)]))).Table;

        Assert.Equal(Math.Sqrt(5), table.Columns[A].Deviation!.Value, 1e-9);
        Assert.Equal(90, table.Columns[A].Best!.Value, 1e-9);
        Assert.Equal([true, false, true, false], table.Rows.Select(row => row.Cells[A].Bold));
    }

    [Fact]
    public void Of_losses_the_lowest_is_best()
    {
        var table = ExperimentReport.From(SampleExperiments.ByHand(
            ("x", RowRole.Contender, [(1, 1, 1.00), (1, 1, 1.02)]),
            ("y", RowRole.Contender, [(2, 2, 1.44)]),
            ("z", RowRole.Contender, [(3, 3, 1.46)]))).Table;

        // With one degree of freedom t = 1 / tan(π/2 · 0.05 / 2) = 25.45; times 0.01414 · √(3/2) that is 0.441.

        Assert.Equal(1.01, table.Columns[Loss].Best!.Value, 1e-12);
        Assert.Equal([true, true, false], table.Rows.Select(row => row.Cells[Loss].Bold));
    }

    [Fact]
    public void Where_nothing_was_repeated_nothing_is_bold_and_the_report_says_so()
    {
        var report = ExperimentReport.From(SampleExperiments.ByHand(
            ("x", RowRole.Contender, [(80.00, 70, 1)]),
            ("y", RowRole.Contender, [(80.01, 60, 1)])));

        Assert.All(report.Table.Columns, column => Assert.Null(column.Deviation));
        Assert.All(report.Table.Rows.SelectMany(row => row.Cells), cell => Assert.False(cell.Bold));
        Assert.All(report.Table.Columns, column => Assert.Equal(NoiseTest.Nothing, column.Test));
        Assert.StartsWith("Nothing was repeated with another seed", report.Notes[0], StringComparison.Ordinal);
        Assert.EndsWith("nothing was repeated with another seed, so that may be chance.", report.Answer[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Members_that_differ_by_their_seeds_repeat_each_other_but_given_models_do_not()
    {
        var input = SampleExperiments.Ensemble();
        var given = input with { Spec = input.Spec with { Ensemble = new EnsembleStudySpec(Models: ["m1", "m2", "m3", "m4"]) } };

        var averages = ExperimentReport.From(input).Table;
        var members = averages.Rows.Where(row => row.Role == RowRole.Member).Select(row => row.Cells[Average].Mean!.Value).ToList();

        Assert.Equal(Spread.Deviation(members)!.Value, averages.Columns[Average].Deviation!.Value, 1e-12);
        Assert.Null(ExperimentReport.From(given).Table.Columns[Average].Deviation);
    }

    [Fact]
    public void A_run_without_success_leaves_its_cells_empty_and_is_named()
    {
        var input = SampleExperiments.ByHand(
            ("x", RowRole.Contender, [(80, 70, 1), (82, 72, 1)]),
            ("y", RowRole.Contender, [(81, 71, 1)]),
            ("z", RowRole.Contender, [(99, 99, 0)]));
        input = WithPhase(WithPhase(input, "x-2", RunPhase.Failed, "The loss is not finite."), "z-1", RunPhase.Running, "Trains.");

        var report = ExperimentReport.From(input);

        Assert.Equal((80.0, null, 1), (report.Table.Rows[0].Cells[A].Mean, report.Table.Rows[0].Cells[A].Deviation, report.Table.Rows[0].Cells[A].Samples));
        Assert.Equal(2, report.Table.Rows[0].Samples);
        Assert.All(report.Table.Rows[2].Cells, cell => Assert.Equal((null, 0, false), (cell.Mean, cell.Samples, cell.Bold)));
        Assert.Null(report.Table.Rows[2].TrainingFlops);
        Assert.Contains(report.Notes, note => note.StartsWith("No result from x-2 (failed) and z-1 (not ended yet)", StringComparison.Ordinal));
        Assert.Equal("The loss is not finite.", report.Runs.Single(run => run.Key == "x-2").Reason);
        Assert.Null(report.Runs.Single(run => run.Key == "y-1").Reason);
        Assert.StartsWith("The highest average over 2 tasks is that of y: 76.00", report.Answer[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_metric_that_is_not_defined_empties_its_cell_and_the_average()
    {
        var report = ExperimentReport.From(SampleExperiments.ByHand(
            ("x", RowRole.Contender, [(double.NaN, 70, 1)]),
            ("y", RowRole.Contender, [(80, 60, double.NaN)]),
            ("z", RowRole.Contender, [(null, 50, 1)])));

        Assert.Equal([null, 80.0, null], report.Table.Rows.Select(row => row.Cells[A].Mean));
        Assert.Equal([null, 70.0, null], report.Table.Rows.Select(row => row.Cells[Average].Mean));
        Assert.Equal([1.0, null, 1.0], report.Table.Rows.Select(row => row.Cells[Loss].Mean));
        Assert.Contains("accuracy of a is not defined in x-1 and z-1, so their cells and averages are empty.", report.Notes);
        Assert.DoesNotContain("NaN", SampleJson(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_a_metric_is_not_defined_in_most_runs_nobody_wins()
    {
        (double?, double?, double?)[] good = [(80, 70, 1.5), (81, 71, 1.6), (82, 72, 1.55)];
        (double?, double?, double?)[] undefined = [(double.NaN, 70, 0.5), (double.NaN, 71, 0.51), (double.NaN, 72, 0.52)];

        foreach (var kind in new[] { RowRole.Contender, RowRole.Alone })
        {
            var input = SampleExperiments.ByHand(("x", RowRole.Contender, good), ("y", RowRole.Contender, undefined), ("z", kind, undefined));
            foreach (var of in new[] { input, input with { Spec = input.Spec with { Comparison = null, MixtureStudy = new MixtureStudySpec() } } })
            {
                var report = ExperimentReport.From(of);

                Assert.Equal("No average is named the best, since accuracy of a is not defined in most runs.", report.Answer[0]);
                Assert.Contains("held-out loss", report.Answer[1], StringComparison.Ordinal);
                Assert.DoesNotContain(report.Answer, sentence => sentence.Contains("x is best", StringComparison.Ordinal) || sentence.Contains("highest average", StringComparison.Ordinal));
                Assert.All(report.Table.Rows, row => Assert.False(row.Cells[A].Bold || row.Cells[Average].Bold));
            }
        }

        // One of three rows: the others are still compared.
        var most = ExperimentReport.From(SampleExperiments.ByHand(("x", RowRole.Contender, good), ("y", RowRole.Contender, undefined), ("z", RowRole.Contender, [(60, 50, 1), (61, 51, 1), (62, 52, 1)])));
        Assert.StartsWith("The best average over 2 tasks is that of x: ", most.Answer[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_without_metrics_counts_in_the_loss_alone()
    {
        var input = SampleExperiments.ByHand(("x", RowRole.Contender, [(80, 70, 1)]), ("y", RowRole.Contender, [(60, 50, 2)]));
        var runs = input.Runs.ToDictionary(pair => pair.Key, pair => pair.Value with { Report = WithoutMetrics(pair.Value.Report, "a") });

        var report = ExperimentReport.From(input with { Runs = runs });

        Assert.Equal(["b"], report.Table.Columns.Where(column => column.Kind == ColumnKind.Task).Select(column => column.Task));
        Assert.Equal(70, report.Table.Rows[0].Cells[Average].Mean);
        Assert.Equal(1, report.Table.Rows[0].Losses["a"].Mean);
        Assert.Contains("a has no metric and so no part in the average.", report.Notes);
    }

    [Fact]
    public void A_task_that_only_some_rows_have_counts_in_no_loss()
    {
        var input = SampleExperiments.ByHand(("x", RowRole.Contender, [(80, 70, 1)]), ("y", RowRole.Contender, [(60, 50, 2)]));
        var rows = input.Layout.Rows.ToList();
        rows[1] = rows[1] with { Samples = [new RowSample(1, new Dictionary<string, string> { ["a"] = "y-1" })] };

        var report = ExperimentReport.From(input with { Layout = input.Layout with { Rows = rows } });

        Assert.Null(report.Table.Rows[1].Cells[Average].Mean);
        Assert.Equal(2, report.Table.Rows[1].Cells[Loss].Mean);
        Assert.Contains("The held-out loss leaves out b: not every row is evaluated on it.", report.Notes);
    }

    [Fact]
    public void What_a_row_costs_are_the_runs_that_went_into_it_each_once()
    {
        var report = ExperimentReport.From(SampleExperiments.Scaling());

        var rows = report.Table.Rows.ToDictionary(row => row.Label);
        Assert.Equal(3.1e11 * (1100 + 500), rows["baseline"].TrainingFlops!.Value, 1e6);
        Assert.Equal(1, rows["baseline"].CostRatio);
        Assert.Equal(8, rows["8× steps"].CostRatio!.Value, 1e-9);
        // One shared pre-training and four fine-tunings.
        Assert.Equal((1100 + (4 * 500)) / 1600.0, rows["4× ensemble, fine-tuned only"].CostRatio!.Value, 1e-9);
        Assert.Equal(4, rows["4× ensemble"].Models);
        Assert.Equal(1, rows["4× size"].Models);
        Assert.Equal(report.Runs.Sum(run => run.TrainingFlops), report.TrainingFlops);
        Assert.Equal(0.12, report.PaddingShare!.Value, 1e-9);
    }

    [Fact]
    public void The_law_is_that_of_the_baseline_and_its_longer_trainings()
    {
        var report = ExperimentReport.From(SampleExperiments.Scaling());

        Assert.Equal(4, report.Law!.Points.Count);
        Assert.Equal(report.Table.Rows[0].TrainingFlops, report.Law.Points[0].Flops);
        Assert.Equal(report.Law.Points[^1].Flops * 2, report.Law.Prediction!.Flops);
        Assert.InRange(report.Law.Exponent!.Value, report.Law.ExponentInterval!.Value.Low, report.Law.ExponentInterval.Value.High);
        Assert.Null(ExperimentReport.From(SampleExperiments.Mixtures()).Law);
    }

    [Fact]
    public void Without_three_points_there_is_no_law_and_the_answer_says_why()
    {
        var input = SampleExperiments.Scaling();
        foreach (var key in new[] { "steps-2-seed17", "steps-8-seed17" })
        {
            input = WithPhase(input, key, RunPhase.Failed, "Lost.");
        }

        var report = ExperimentReport.From(input);

        Assert.Equal("A power law needs at least 3 points, and there are 2.", report.Law!.WhyNot);
        Assert.Empty(report.Law.Line);
        Assert.EndsWith("No law of loss against compute can be given. A power law needs at least 3 points, and there are 2.", report.Answer[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_law_that_may_be_flat_or_rises_is_none()
    {
        foreach (var (losses, reason) in new (double[] Losses, string Reason)[]
        {
            ([1.0, 1.1, 1.21, 1.331], "The loss does not fall with compute: the fitted exponent is 0.138 (95 % interval 0.138 to 0.138)."),
            ([1.0, 1.1, 0.9, 1.0], "holds 0: that the loss falls with compute may be chance."),
        })
        {
            var input = SampleExperiments.Scaling();
            var runs = input.Runs.ToDictionary();
            foreach (var (i, times) in new[] { 1, 2, 4, 8 }.Index())
            {
                foreach (var key in runs.Keys.Where(key => key.StartsWith($"steps-{times}-seed", StringComparison.Ordinal)).ToList())
                {
                    runs[key] = WithLoss(runs[key], losses[i]);
                }
            }

            var report = ExperimentReport.From(input with { Runs = runs });

            Assert.Contains(reason, report.Law!.WhyNot, StringComparison.Ordinal);
            Assert.Null(report.Law.Exponent);
            Assert.Empty(report.Law.Line);
            Assert.StartsWith("No law of loss against compute", report.Answer[^1], StringComparison.Ordinal);
            Assert.Equal(4, report.Law.Points.Count);
        }

        static RunOutcome WithLoss(RunOutcome run, double loss) => run with
        {
            Report = run.Report with { Tasks = run.Report.Tasks.ToDictionary(task => task.Key, task => task.Value with { Test = task.Value.Test! with { Loss = loss } }) },
        };
    }

    [Fact]
    public void An_experiment_without_any_result_is_reported_too()
    {
        foreach (var whole in new[] { SampleExperiments.Mixtures(), SampleExperiments.Ensemble(), SampleExperiments.Scaling(), SampleExperiments.Comparison() })
        {
            var input = whole;
            foreach (var key in whole.Runs.Keys)
            {
                input = WithPhase(input, key, RunPhase.Queued, "Waits.");
            }

            var report = ExperimentReport.From(input with { Status = input.Status with { Phase = ExperimentPhase.Running, EndedAt = null } });

            Assert.Contains("so there is no answer", report.Answer[0], StringComparison.Ordinal);
            Assert.Null(report.Seconds);
            Assert.All(report.Table.Rows.SelectMany(row => row.Cells), cell => Assert.Null(cell.Mean));
            Assert.Contains("and 11 others", string.Join(' ', ExperimentReport.From(WithMany(input)).Notes), StringComparison.Ordinal);
        }

        static ExperimentReportInput WithMany(ExperimentReportInput input)
        {
            var (first, runs) = (input.Layout.Runs[0], input.Runs.ToDictionary());
            List<ExperimentRun> many = [first with { Spec = first.Spec with { Model = new ModelSpec() } }];
            for (var i = many.Count; i < 22; i++)
            {
                many.Add(many[0] with { Key = $"more-{i}" });
                runs[$"more-{i}"] = runs[first.Key];
            }

            return input with { Layout = new ExperimentLayout(many, []), Runs = runs };
        }
    }

    [Fact]
    public void The_file_has_the_keys_that_are_promised_and_can_be_read_again()
    {
        var input = SampleExperiments.Scaling();

        var text = ExperimentReportFiles.Json(input);

        var json = JsonNode.Parse(text)!.AsObject();
        Assert.Equal(
            ["id", "name", "kind", "phase", "reason", "question", "answer", "seconds", "training_flops", "padding_share", "runs", "table", "law", "notes"],
            json.Select(pair => pair.Key));
        Assert.Equal("scaling", (string?)json["kind"]);
        Assert.Equal(["key", "run_id", "phase", "steps", "steps_planned", "training_flops", "loss", "reason"], json["runs"]![0]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(["kind", "task", "metric", "split", "deviation", "best", "test"], json["table"]!["columns"]![0]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(
            ["label", "role", "compute", "samples", "cells", "training_flops", "cost_ratio", "models", "metrics", "losses", "competes"],
            json["table"]!["rows"]![0]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(["mean", "deviation", "samples", "bold", "values"], json["table"]!["rows"]![0]!["cells"]![0]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(text, SampleJson(ReportJson.ReadExperiment(text)));

        // What versions before these keys wrote is read too.
        foreach (var place in json["table"]!["columns"]!.AsArray().Concat(json["table"]!["rows"]!.AsArray()))
        {
            Assert.True(place!.AsObject().Remove("test") || place.AsObject().Remove("competes"));
        }

        var older = ReportJson.ReadExperiment(json.ToJsonString()).Table;
        Assert.True(older.Rows.All(row => row.Competes) && older.Columns.All(column => column.Test is null));
    }

    private static string SampleJson(ExperimentReport report) => System.Text.Json.JsonSerializer.Serialize(report, ReportJson.Document) + "\n";

    private static ExperimentReportInput WithPhase(ExperimentReportInput input, string key, RunPhase phase, string reason)
    {
        var runs = input.Runs.ToDictionary();
        runs[key] = runs[key] with { Status = runs[key].Status with { Phase = phase, Reason = reason } };
        return input with { Runs = runs };
    }

    private static RunReport WithoutMetrics(RunReport report, string task)
    {
        var tasks = report.Tasks.ToDictionary();
        var none = new Dictionary<string, double?>();
        tasks[task] = tasks[task] with { Metrics = none, Test = tasks[task].Test! with { Metrics = none } };
        return report with { Tasks = tasks };
    }
}
