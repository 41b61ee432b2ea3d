using Temper.Contracts.Agents;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Charts;

namespace Temper.Coordinator.Web.Charts;

/// <summary>From rows of steps to curves.</summary>
internal static class RunCurves
{
    /// <summary>What a curve can be drawn over.</summary>
    public static readonly IReadOnlyList<string> Abscissas = ["step", "tokens", "time", "flops"];

    /// <summary>The loss over all tasks as it was at each step, and smoothed.</summary>
    public static IReadOnlyList<Series> Loss(IReadOnlyList<StepRow> steps) => Smoothed(steps, row => row.Loss * row.TargetTokens, row => row.TargetTokens);

    /// <summary>Tokens per second, at each step and smoothed.</summary>
    public static IReadOnlyList<Series> Throughput(IReadOnlyList<StepRow> steps) => Smoothed(steps, row => row.InputTokens + row.TargetTokens, row => row.Seconds);

    /// <summary>The norm of the gradient, at each step and smoothed.</summary>
    public static IReadOnlyList<Series> GradientNorm(IReadOnlyList<StepRow> steps) => Smoothed(steps, row => row.GradientNorm, _ => 1);

    public static IReadOnlyList<Series> LearningRate(IReadOnlyList<StepRow> steps) => [new Series("learning rate", [.. steps.Select(row => new Point(row.Step, row.LearningRate))])];

    /// <summary>The smoothed loss of one task, over steps or something else.</summary>
    public static IReadOnlyList<Point> OfTask(IReadOnlyList<StepRow> steps, string task, IReadOnlyList<double>? over = null)
    {
        var rows = steps.Index().Where(pair => pair.Item.Tasks.ContainsKey(task))
            .Select(pair => (over?[pair.Index] ?? pair.Item.Step, pair.Item.Tasks[task].LossSum, (double)pair.Item.Tasks[task].TargetTokens))
            .ToList();

        // A step holds few rows of a task: its loss is noisier than the whole's, so look back further.
        return Curve.Smooth(rows, 2 * Curve.Span(rows.Count));
    }

    /// <summary>The smoothed loss over all tasks, over steps or something else.</summary>
    public static IReadOnlyList<Point> Total(IReadOnlyList<StepRow> steps, IReadOnlyList<double> over) =>
        Curve.Smooth(steps.Select((row, i) => (over[i], row.Loss * row.TargetTokens, (double)row.TargetTokens)), Curve.Span(steps.Count));

    /// <summary>A task's part of the examples, or of something else, in per cent, from the beginning up to each step.</summary>
    public static IReadOnlyList<Point> Share(IReadOnlyList<StepRow> steps, string task, Func<TaskStep, long> of)
    {
        var (part, whole) = (0L, 0L);
        var points = new List<Point>(steps.Count);
        foreach (var row in steps)
        {
            part += row.Tasks.GetValueOrDefault(task) is { } own ? of(own) : 0;
            whole += row.Tasks.Values.Sum(of);
            points.Add(new Point(row.Step, whole > 0 ? 100.0 * part / whole : double.NaN));
        }

        return points;
    }

    /// <summary>
    /// What a run has used up by each of its rows: steps, input and target tokens, seconds of training, or floating-point operations. A row of a
    /// selection stands for those before it that were left out.
    /// </summary>
    public static IReadOnlyList<double> Used(IReadOnlyList<StepRow> steps, string abscissa)
    {
        var used = new List<double>(steps.Count);
        var (sum, before) = (0.0, 0);
        foreach (var row in steps)
        {
            sum += (row.Step - before) * abscissa switch
            {
                "tokens" => row.InputTokens + row.TargetTokens,
                "time" => row.Seconds,
                "flops" => row.Flops,
                _ => 1.0,
            };
            before = row.Step;
            used.Add(sum);
        }

        return used;
    }

    /// <summary>A number to divide by and its name, so that an axis has short labels.</summary>
    public static (double By, string Name) Scale(string abscissa, double most) => (abscissa, most) switch
    {
        ("time", >= 3 * 3600) => (3600, "hours of training"),
        ("time", >= 180) => (60, "minutes of training"),
        ("time", _) => (1, "seconds of training"),
        ("tokens", _) => (1, "tokens"),
        ("flops", > 0) when Math.Pow(10, 3 * Math.Floor(Math.Log10(most) / 3)) is var power => (power, $"10{Raised((int)Math.Round(Math.Log10(power)))} FLOPs"),
        ("flops", _) => (1, "FLOPs"),
        _ => (1, "step"),
    };

    /// <summary>The last ordinate as a loss.</summary>
    public static string Last(IReadOnlyList<Point> points) => Figures.Loss(points.Count > 0 ? points[^1].Y : null);

    private static List<Series> Smoothed(IReadOnlyList<StepRow> steps, Func<StepRow, double> sum, Func<StepRow, double> weight) =>
    [
        new Series("each step", [.. steps.Select(row => new Point(row.Step, sum(row) / weight(row)))], 0, SeriesStyle.Faint),
        new Series("smoothed", Curve.Smooth(steps.Select(row => ((double)row.Step, sum(row), weight(row))), Curve.Span(steps.Count))),
    ];

    private static string Raised(int exponent) => string.Concat(exponent.ToString(System.Globalization.CultureInfo.InvariantCulture).Select(digit => digit == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit - '0']));
}
