using System.Text.Json;
using Temper.Contracts.Experiments;
using Temper.Coordinator.Reports.Charts;

namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>What the page's script draws, as JSON in the page. Labels are cleaned here and escaped where they are drawn.</summary>
/// <param name="Rows">The rows of the table.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Reference">What scores are compared with task by task; null where there is nothing.</param>
/// <param name="Curves">Losses over training.</param>
/// <param name="Law">How the loss falls with compute.</param>
internal sealed record PlotData(
    IReadOnlyList<PlotRow> Rows,
    IReadOnlyList<PlotColumn> Columns,
    PlotReference? Reference,
    IReadOnlyList<PlotCurve> Curves,
    ScalingLaw? Law)
{
    // A curve of a thousand steps and one of a million look alike at this many points.
    private const int PointsPerCurve = 240;

    private const int Rest = SvgChart.ColourCount - 1;

    public static PlotData Of(ExperimentReportInput input, ExperimentReport report)
    {
        var table = report.Table;
        var reference = PlotReference.Of(table);
        var judge = new TableJudge(table, ResultTableBuilder.MembersRepeatEachOther(input));
        var colours = Colours(table.Rows);
        return new PlotData(
            [.. table.Rows.Select((row, i) => new PlotRow(SafeText.OneLine(row.Label), colours[i], row.TrainingFlops, row.CostRatio, [.. row.Cells.Select(Cell)], Gains(judge, row, reference)))],
            [.. table.Columns.Select(column => new PlotColumn(
                ColumnWords.Of(column), ColumnWords.Unit(column), column.Kind == ColumnKind.Loss, column.Deviation, column.Best))],
            reference,
            [.. CurvesOf(input, report)],
            report.Law);
    }

    /// <summary>As JSON that cannot end the element it stands in: &lt;, &gt;, &amp; and everything beyond ASCII are escaped.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Line);

    // What others are compared with is grey. Longer trainings are one thing in several points, and so are members: they share a colour.
    private static List<int> Colours(IReadOnlyList<ResultRow> rows)
    {
        var colours = new List<int>();
        var next = 0;
        int? shared = null;
        foreach (var row in rows)
        {
            colours.Add(row.Role switch
            {
                RowRole.Alone or RowRole.Baseline => Rest,
                RowRole.MoreSteps or RowRole.Member => shared ??= next++ % Rest,
                _ => next++ % Rest,
            });
        }

        return colours;
    }

    private static List<PlotGain> Gains(TableJudge judge, ResultRow row, PlotReference? reference) => reference is null ? []
        : [.. judge.Tasks([row], [.. reference.Rows.Select(i => judge.Table.Rows[i])]).Select(part => new PlotGain(part.Column, part.Difference.Points, part.Difference.IsReal))];

    private static PlotCell Cell(ResultCell cell) => new(cell.Mean, cell.Deviation, cell.Bold, cell.Values);

    private static IEnumerable<PlotCurve> CurvesOf(ExperimentReportInput input, ExperimentReport report)
    {
        foreach (var run in input.Layout.Runs)
        {
            var outcome = input.Runs[run.Key];
            var rows = outcome.Curve.OrderBy(row => row.Step).ToList();
            var weighted = rows.Select(row => ((double)row.Step, row.Loss * row.TargetTokens, (double)row.TargetTokens));
            var points = Curve.Thin(Curve.Smooth(weighted, Curve.Span(rows.Count)), PointsPerCurve);
            if (points.Count > 0)
            {
                var (row, isStage) = Place(run.Key, input.Layout);
                // Rows are thinned, so what a step takes is the mean: the mixture is the same everywhere.
                var perStep = outcome.Status.Step > 0 ? outcome.Report.TrainingFlops / outcome.Status.Step : 0;
                yield return new PlotCurve(row, SafeText.OneLine(run.Key), isStage, Before(run, input), perStep, [.. points.Select(p => (int)p.X)], [.. points.Select(p => Rounded(p.Y))]);
            }
        }
    }

    // A run belongs to the first row that is evaluated on it; a stage on the way to one, to the first row that needs it.
    private static (int Row, bool IsStage) Place(string key, ExperimentLayout layout)
    {
        var rows = layout.Rows;
        var own = Enumerable.Range(0, rows.Count).Where(i => rows[i].Samples.Any(sample => sample.RunOfTask.Values.Contains(key))).ToList();
        return own.Count > 0
            ? (own[0], false)
            : (Enumerable.Range(0, rows.Count).FirstOrDefault(i => rows[i].Samples.Any(sample => layout.RunsOf(sample).Contains(key)), -1), true);
    }

    // What the runs took that this one starts from.
    private static double Before(ExperimentRun run, ExperimentReportInput input) => input.Layout
        .RunsOf(new RowSample(0, new Dictionary<string, string> { [""] = run.Key }))
        .Where(key => key != run.Key)
        .Sum(key => input.Runs[key].Report.TrainingFlops);

    private static double Rounded(double loss) => loss == 0 || !double.IsFinite(loss) ? loss
        : Math.Round(loss, Math.Clamp(4 - (int)Math.Floor(Math.Log10(Math.Abs(loss))), 0, 12));
}

/// <summary>A row, the number of its colour, and how it compares with the reference on each task where both have a score.</summary>
internal sealed record PlotRow(string Label, int Colour, double? Flops, double? Ratio, IReadOnlyList<PlotCell> Cells, IReadOnlyList<PlotGain> Gains);

/// <summary>A difference from the reference on the task of a column.</summary>
/// <param name="Column">The column.</param>
/// <param name="Points">The difference.</param>
/// <param name="IsReal">Whether it is more than noise.</param>
internal sealed record PlotGain(int Column, double Points, bool IsReal);

/// <summary>A cell.</summary>
internal sealed record PlotCell(double? Mean, double? Deviation, bool Bold, IReadOnlyList<double> Values);

/// <summary>A column.</summary>
internal sealed record PlotColumn(string Label, string Unit, bool LowerIsBetter, double? Deviation, double? Best);

/// <summary>Loss over the steps of one run, smoothed.</summary>
/// <param name="Row">The row that it belongs to; -1 for none.</param>
/// <param name="Key">The run.</param>
/// <param name="IsStage">Whether it is only a stage on the way to the row.</param>
/// <param name="Before">FLOPs of the runs that it starts from.</param>
/// <param name="PerStep">FLOPs of one of its steps.</param>
/// <param name="Steps">Abscissas.</param>
/// <param name="Loss">Ordinates, in nats per target token.</param>
internal sealed record PlotCurve(int Row, string Key, bool IsStage, double Before, double PerStep, IReadOnlyList<int> Steps, IReadOnlyList<double> Loss);

/// <summary>What others are compared with.</summary>
/// <param name="Label">What it is, as in "relative to …".</param>
/// <param name="Rows">The rows themselves, which are not compared.</param>
internal sealed record PlotReference(string Label, IReadOnlyList<int> Rows)
{
    /// <summary>Each task trained alone, the baseline, or the mean of an ensemble's members; recipes have nothing of the kind.</summary>
    public static PlotReference? Of(ResultTable table)
    {
        foreach (var (role, label) in new[] { (RowRole.Alone, "training it alone"), (RowRole.Baseline, "the baseline"), (RowRole.Member, "the mean of the members") })
        {
            var rows = Enumerable.Range(0, table.Rows.Count).Where(i => table.Rows[i].Role == role).ToList();
            if (rows.Count > 0)
            {
                return new PlotReference(label, rows);
            }
        }

        return null;
    }
}
