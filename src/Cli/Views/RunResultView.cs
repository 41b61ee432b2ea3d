using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>What came of a run: results by task, a few predictions, and where to look further.</summary>
internal static class RunResultView
{
    private const int SamplesPerTask = 3;

    /// <param name="report">The run's results.</param>
    /// <param name="reportPath">Path of report.html.</param>
    /// <param name="modelPath">Folder of the exported model; null if there is none.</param>
    public static IRenderable Render(RunReport report, string reportPath, string? modelPath)
    {
        var parts = new List<IRenderable> { Text.Empty, Results(report) };
        parts.AddRange(report.Tasks.SelectMany(task => (task.Value.Judged?.Warnings ?? []).Select(warning => Cells.Warning(task.Key, warning))));
        parts.AddRange(report.Tasks.Where(task => task.Value.Samples.Count > 0).SelectMany(task => Samples(task.Key, task.Value)));
        parts.Add(Verdict(report));
        var facts = new List<(string, IRenderable)>();
        if (report.Phase != RunPhase.Succeeded && report.Reason.Length > 0)
        {
            facts.Add(("reason", Cells.Prose(report.Reason)));
        }

        // Paths are never cut: they are there to be copied.
        facts.Add(("report", Cells.Prose(reportPath)));
        if (modelPath is not null)
        {
            facts.Add(("model", Cells.Prose(modelPath)));
        }

        parts.Add(Cells.Facts(facts));
        return new Rows(parts);
    }

    private static Table Results(RunReport report)
    {
        var table = Cells.Table(("Task", false), ("Result", false), ("Split", false), ("Rows", true), ("Rate", true), ("of\nexamples", true), ("of target\ntokens", true));
        foreach (var (name, task) in report.Tasks)
        {
            var share = report.Shares[name];
            table.AddRow(
                Cells.Name(name),
                Result(task),
                Cells.Data(task.Split ?? Figures.None),
                Cells.Number(Figures.Count(task.Judged?.Examples)),
                Cells.Number(Figures.Percent(report.Rates.TryGetValue(name, out var rate) ? rate : null), Cells.Soft),
                Cells.Number(Figures.Percent(share.Examples)),
                Cells.Number(Figures.Percent(share.TargetTokens)));
        }

        return table;
    }

    private static IRenderable Result(TaskReport task) => task.Judged switch
    {
        null => Cells.Data("not evaluated", Cells.Soft),
        { Metrics.Count: 0 } judged => Cells.Data($"{Figures.Loss(judged.Loss)} loss", least: 20),
        { } judged => new Rows(judged.Metrics.Select(Metric)),
    };

    private static OneLine Metric(KeyValuePair<string, double?> metric) =>
        Cells.Data($"{Figures.Metric(metric.Value),5} {Figures.MetricName(metric.Key)}", least: 20);

    private static IEnumerable<IRenderable> Samples(string name, TaskReport task)
    {
        yield return new Padder(Cells.Name(name), new Padding(1, 0, 0, 0));
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(3, 0, 1, 0) });
        grid.AddColumn(new GridColumn { Padding = new Padding(0) });
        foreach (var sample in task.Samples.Take(SamplesPerTask))
        {
            var isSame = sample.Prediction.Trim() == sample.Target.Trim();
            grid.AddRow(new Text(" "), Cells.Data(sample.Inputs, Cells.Soft));
            grid.AddRow(isSame ? new Text("✓", Cells.Good) : new Text("≠", Cells.Mid), Prediction(sample));
            if (!isSame)
            {
                grid.AddRow(new Text(" "), Cells.Data($"expected: {sample.Target}", Cells.Soft));
            }
        }

        yield return grid;
        yield return Text.Empty;
    }

    private static OneLine Prediction(SamplePrediction sample) =>
        string.IsNullOrWhiteSpace(sample.Prediction) ? Cells.Data("(empty)", Cells.Soft) : Cells.Data(sample.Prediction);

    private static Padder Verdict(RunReport report)
    {
        var steps = report.Steps == report.StepsPlanned
            ? Figures.Counted(report.Steps, "step", "steps")
            : $"{Figures.Count(report.Steps)} of {Figures.Counted(report.StepsPlanned, "step", "steps")}";
        var recoveries = report.Recoveries.Count == 0 ? "" : $", {Figures.Counted(report.Recoveries.Count, "recovery", "recoveries")}";
        var line = new Paragraph()
            .Append(Phases.Words(report.Phase), Phases.Style(report.Phase))
            .Append("  ")
            .Append(SafeText.OneLine(report.Name), Cells.Strong)
            .Append($": {steps} in {Figures.Duration(report.Seconds)}, final loss {Figures.Loss(report.FinalLoss)}, {Figures.Rate(report.TokensPerS)} tokens/s{recoveries}");
        return new Padder(line, new Padding(1, 0, 0, 1));
    }
}
