using System.Xml.Linq;
using Temper.Contracts.Agents;
using Temper.Coordinator.Reports.Charts;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Html;

/// <summary>What happened over the steps.</summary>
internal static class CurvesSection
{
    // More lines than this in one plot cannot be told apart; then every task gets a small plot of its own.
    private const int MaxLinesTogether = 6;

    // Hundreds of tasks: the page must still open.
    private const int SmallPoints = 240;

    public static IEnumerable<XElement> Build(RunReportInput input, RunReport report)
    {
        var steps = input.Steps;
        if (steps.Count == 0)
        {
            yield return Tag("section", Tag("h2", "Training"), Tag("p", Class("nothing"), "No step was made, so there is nothing to plot."));
            yield break;
        }

        var tasks = report.Tasks.Where(task => task.Value.ExamplesSeen > 0).Select(task => task.Key).ToList();
        var together = tasks.Count is > 1 and <= MaxLinesTogether;
        yield return Tag(
            "section",
            Tag("h2", "Training"),
            together
                ? [Tag("div", Class("plots"), Loss(steps), TasksTogether(steps, tasks)), Tag("div", Class("plots small"), Others(steps, isSmall: true))]
                : new[] { Tag("div", Class("plots"), Loss(steps), Others(steps, isSmall: false)) });
        if (tasks.Count > MaxLinesTogether)
        {
            yield return Tag(
                "section",
                Tag("h2", "Loss by task"),
                Tag("div", Class("plots small"), tasks.Select((name, i) => TaskAlone(steps, name, i))));
        }

        if (Metrics(input, report) is { Count: > 0 } metrics)
        {
            yield return Tag("section", Tag("h2", "Metrics over the steps"), Tag("div", Class("plots small"), metrics));
        }
    }

    private static XElement Loss(IReadOnlyList<StepRow> steps) => Smoothed(
        "loss",
        "Training loss",
        "nats per target token",
        smooth => $"From {Figures.Loss(steps[0].Loss)} at step {steps[0].Step} to {Figures.Loss(smooth)} (smoothed) at step {steps[^1].Step}.",
        [.. steps.Select(row => ((double)row.Step, row.Loss * row.TargetTokens, (double)row.TargetTokens))]).ToFigure();

    private static IEnumerable<XElement> Others(IReadOnlyList<StepRow> steps, bool isSmall) =>
        new[] { GradientNorm(steps), LearningRate(steps), Throughput(steps) }.Select(chart => (isSmall ? Small(chart) : chart).ToFigure());

    private static SvgChart LearningRate(IReadOnlyList<StepRow> steps) => new(
        "rate",
        "Learning rate",
        $"Highest {Figures.Small(steps.Max(row => row.LearningRate))}, at the end {Figures.Small(steps[^1].LearningRate)}.",
        "",
        [new Series("learning rate", [.. steps.Select(row => new Point(row.Step, row.LearningRate))])])
    { IsLinear = true };

    private static SvgChart GradientNorm(IReadOnlyList<StepRow> steps) => Smoothed(
        "norm",
        "Gradient norm",
        "before clipping",
        smooth => $"At the end {Figures.Small(smooth)}, smoothed.",
        [.. steps.Select(row => ((double)row.Step, row.GradientNorm, 1.0))]);

    private static SvgChart Throughput(IReadOnlyList<StepRow> steps) => Smoothed(
        "speed",
        "Throughput",
        "tokens per second",
        smooth => $"At the end {Figures.Rate(smooth)} tokens a second.",
        [.. steps.Select(row => ((double)row.Step, (double)(row.InputTokens + row.TargetTokens), row.Seconds))]) with
    { IsLinear = true };

    // A ratio at each step, and the ratio over the last steps in front of it.
    private static SvgChart Smoothed(string id, string title, string unit, Func<double?, string> describe, List<(double X, double Sum, double Weight)> rows)
    {
        var smooth = Curve.Smooth(rows, Curve.Span(rows.Count));
        var raw = rows.Select(row => new Point(row.X, row.Sum / row.Weight)).ToList();
        return new SvgChart(
            id,
            title,
            describe(smooth.Count > 0 ? smooth[^1].Y : null),
            unit,
            [new Series("each step", raw, 0, SeriesStyle.Faint), new Series("smoothed", smooth)]);
    }

    private static SvgChart Small(SvgChart chart) => chart with { Width = 360, Height = 200 };

    private static XElement TasksTogether(IReadOnlyList<StepRow> steps, List<string> tasks) => new SvgChart(
        "tasks",
        "Loss by task",
        $"Smoothed, at the end: {string.Join(", ", tasks.Select(name => $"{name} {Last(TaskCurve(steps, name))}"))}.",
        "nats per target token, smoothed",
        [.. tasks.Select((name, i) => new Series(name, TaskCurve(steps, name), i))]).ToFigure();

    private static XElement TaskAlone(IReadOnlyList<StepRow> steps, string name, int index)
    {
        var curve = TaskCurve(steps, name);
        var chart = new SvgChart($"task{index}", name, $"Smoothed loss, at the end {Last(curve)}.", "nats", [new Series(name, curve)]);
        return Small(chart with { MaxPoints = SmallPoints, LastStep = steps[^1].Step }).ToFigure();
    }

    private static string Last(IReadOnlyList<Point> curve) => Figures.Loss(curve.Count > 0 ? curve[^1].Y : null);

    private static IReadOnlyList<Point> TaskCurve(IReadOnlyList<StepRow> steps, string name)
    {
        var rows = steps
            .Where(row => row.Tasks.ContainsKey(name))
            .Select(row => ((double)row.Step, row.Tasks[name].LossSum, (double)row.Tasks[name].TargetTokens))
            .ToList();

        // A step holds few rows of a task: its loss is noisier than the whole's, so look back further.
        return Curve.Smooth(rows, 2 * Curve.Span(rows.Count));
    }

    private static List<XElement> Metrics(RunReportInput input, RunReport report)
    {
        var charts = new List<XElement>();
        foreach (var name in report.Tasks.Keys)
        {
            // Evaluations while training look at validation, so that is the split with a history.
            var rows = input.Evaluations.Where(row => row.Task == name && row.Split == "validation").OrderBy(row => row.Step).ToList();
            if (rows.DistinctBy(row => row.Step).Count() < 2)
            {
                continue;
            }

            if (rows[^1].Metrics.Count == 0)
            {
                charts.Add(HeldOutLoss($"metric{charts.Count}", name, rows, input.Steps[^1].Step));
                continue;
            }

            var keys = rows[^1].Metrics.Keys.Take(SvgChart.ColourCount);
            var series = keys
                .Select((key, i) => new Series(
                    Figures.MetricName(key),
                    [.. rows.Select(row => new Point(row.Step, row.Metrics.GetValueOrDefault(key) ?? double.NaN))],
                    i,
                    SeriesStyle.Dots))
                .ToList();
            var chart = new SvgChart(
                $"metric{charts.Count}",
                name,
                $"{string.Join(", ", series.Select(s => $"{s.Name} {Figures.Metric(s.Points[^1].Y)}"))} at step {rows[^1].Step}.",
                series.Count == 1 ? $"{series[0].Name}, validation" : "validation",
                series);
            charts.Add(Small(chart with { MaxPoints = SmallPoints, IsLinear = true, Ceiling = 100, LastStep = input.Steps[^1].Step }).ToFigure());
        }

        return charts;
    }

    // All that a task without metrics is judged by.
    private static XElement HeldOutLoss(string id, string name, IReadOnlyList<EvaluationRow> rows, int lastStep)
    {
        var points = rows.Select(row => new Point(row.Step, row.Loss ?? double.NaN)).ToList();
        var chart = new SvgChart(
            id, name, $"Loss {Figures.Loss(points[^1].Y)} at step {rows[^1].Step}.", "loss in nats, validation", [new Series("loss", points, 0, SeriesStyle.Dots)]);
        return Small(chart with { MaxPoints = SmallPoints, LastStep = lastStep }).ToFigure();
    }
}
