using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Coordinator.Tests.Reports;

public class RunReportTests
{
    [Fact]
    public void Shares_are_those_of_the_rows_and_add_up_to_one()
    {
        var input = SampleRun.Make(50);

        var report = RunReport.From(input);

        var parts = input.Steps.SelectMany(row => row.Tasks).ToList();
        var dates = parts.Where(part => part.Key == "dates_en_de").ToList();
        Assert.Equal((double)dates.Sum(part => part.Value.Examples) / parts.Sum(part => part.Value.Examples), report.Shares["dates_en_de"].Examples);
        Assert.Equal((double)dates.Sum(part => part.Value.TargetTokens) / parts.Sum(part => part.Value.TargetTokens), report.Shares["dates_en_de"].TargetTokens);
        Assert.Equal(1, report.Shares.Values.Sum(share => share.Examples), 12);
        Assert.Equal(dates.Sum(part => part.Value.Examples) / 9000.0, report.Tasks["dates_en_de"].Epochs);
        Assert.Equal(input.Steps[^1].Loss, report.FinalLoss);
        Assert.Equal(192, report.Seconds);
    }

    [Fact]
    public void A_task_is_judged_by_its_test_split_where_it_has_one()
    {
        var input = SampleRun.Make(50);
        var without = input with { Evaluations = [.. input.Evaluations.Where(row => row is not { Task: "arithmetic", Split: "test" })] };

        var report = RunReport.From(without);

        Assert.Equal("test", report.Tasks["similarity"].Split);
        Assert.Equal(500, report.Tasks["similarity"].Judged!.Examples);
        Assert.Equal("validation", report.Tasks["arithmetic"].Split);
        Assert.Equal(480, report.Tasks["arithmetic"].Judged!.Examples);
        Assert.Null(report.Tasks["arithmetic"].Test);
    }

    [Fact]
    public void A_test_split_without_labels_judges_nothing()
    {
        var input = SampleRun.Make(50);
        var kept = input.Evaluations.Select(row => row.Split != "test" ? row : row with { Labelled = false, Loss = null, Metrics = row.Metrics.ToDictionary(metric => metric.Key, _ => (double?)null) });

        var report = ReportJson.Read(Json(RunReport.From(input with { Evaluations = [.. kept] })));
        var alone = RunReport.From(input with { Evaluations = [.. kept.Where(row => row.Split == "test")] });

        var task = report.Tasks["similarity"];
        Assert.Equal(("validation", 480), (task.Split, task.Judged!.Examples));
        Assert.All(task.Metrics.Values, value => Assert.NotNull(value));
        Assert.False(task.Test!.Labelled);
        Assert.Equal([("pearson_corrcoef", null), ("spearman_corrcoef", null)], task.Test.Metrics.Select(metric => (metric.Key, metric.Value)));
        Assert.Equal("test", alone.Tasks["similarity"].Split);
        Assert.All(alone.Tasks["similarity"].Metrics.Values, Assert.Null);
    }

    [Fact]
    public void The_evaluation_at_the_end_wins_over_a_partial_one_at_the_same_step()
    {
        var input = SampleRun.Make(50);
        var partial = input.Evaluations.First(row => row is { Task: "arithmetic", Split: "validation", Final: true }) with { Final = false, Examples = 7 };

        var report = RunReport.From(input with { Evaluations = [.. input.Evaluations, partial] });

        Assert.Equal(480, report.Tasks["arithmetic"].Validation!.Examples);
    }

    [Fact]
    public void A_step_made_again_after_a_recovery_counts_once()
    {
        var input = SampleRun.Make(50);
        var again = input with { Steps = [.. input.Steps.Take(40), .. input.Steps.Skip(20)] };

        Assert.Equal(Json(RunReport.From(input)), Json(RunReport.From(again)));
    }

    [Fact]
    public void The_file_has_the_keys_that_are_promised_in_their_order()
    {
        var json = JsonNode.Parse(Json(RunReport.From(SampleRun.Make(50))))!.AsObject();

        Assert.Equal(
            ["name", "run_id", "phase", "reason", "steps", "steps_planned", "workers", "threads", "precision", "seed", "seconds", "tokens_per_s", "recoveries", "final_loss", "rates", "shares", "tasks", "training_flops", "padding_share"],
            json.Select(pair => pair.Key));
        Assert.Equal("succeeded", (string?)json["phase"]);
        Assert.Equal(["at", "epoch", "cause", "message", "from_step"], json["recoveries"]![0]!.AsObject().Select(pair => pair.Key));
        var task = json["tasks"]!["dates_en_de"]!.AsObject();
        Assert.Equal(["split", "metrics", "validation", "test", "examples_seen", "target_tokens_seen", "epochs", "samples"], task.Select(pair => pair.Key));
        Assert.Equal(["exact_match", "bleu"], task["metrics"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(["examples", "target_tokens"], json["shares"]!["dates_en_de"]!.AsObject().Select(pair => pair.Key));
    }

    [Fact]
    public void What_is_not_a_number_is_null()
    {
        var input = SampleRun.Make(10);
        var bad = input with
        {
            Steps = [.. input.Steps.Select(row => row with { Loss = double.NaN, GradientNorm = double.PositiveInfinity, Seconds = 0 })],
            Evaluations = [.. input.Evaluations.Select(row => row with { Metrics = new Dictionary<string, double?> { ["pearson_corrcoef"] = double.NaN, ["f1"] = null } })],
        };

        var json = JsonNode.Parse(Json(RunReport.From(bad)))!;

        Assert.Null(json["final_loss"]);
        Assert.Null(json["tokens_per_s"]);
        Assert.True(json["tasks"]!["similarity"]!["metrics"]!.AsObject().ContainsKey("pearson_corrcoef"));
        Assert.Null(json["tasks"]!["similarity"]!["metrics"]!["pearson_corrcoef"]);
    }

    [Fact]
    public void A_run_without_steps_and_evaluations_is_reported_too()
    {
        var input = SampleRun.Make(10);
        var status = input.Status with { Phase = RunPhase.Failed, Step = 0, StartedAt = null, Precision = null };

        var report = RunReport.From(input with { Status = status, Steps = [], Evaluations = [], TrainExamples = null });

        Assert.Null(report.FinalLoss);
        Assert.Null(report.Seconds);
        Assert.Equal(4, report.Tasks.Count);
        Assert.All(report.Tasks.Values, task => Assert.Null(task.Split));
        Assert.All(report.Shares.Values, share => Assert.Equal(0, share.Examples));
        Assert.DoesNotContain("epochs", Json(report), StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_can_be_read_again()
    {
        var report = RunReport.From(SampleRun.Make(50));

        var again = ReportJson.Read(Json(report));

        Assert.Equal(Json(report), Json(again));
        Assert.Equal(report.Tasks["dates_en_de"].Samples, again.Tasks["dates_en_de"].Samples);
    }

    private static string Json(RunReport report) => JsonSerializer.Serialize(report, ReportJson.Document);
}
