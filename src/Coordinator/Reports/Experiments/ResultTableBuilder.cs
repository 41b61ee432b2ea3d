using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>From what each repetition scored to the table.</summary>
internal static class ResultTableBuilder
{
    public static ResultTable Build(ExperimentReportInput input, ScoreSheet sheet)
    {
        var tasks = sheet.Tasks.Where(task => task.HasMetrics).ToList();
        List<(ResultColumn Column, Func<RowSample, double?> Score)> columns =
        [
            (new ResultColumn(ColumnKind.Average, null, null, null, null, null), sheet.Average),
            .. tasks.Select(task => (
                new ResultColumn(ColumnKind.Task, task.Name, task.MainMetric, task.Split, null, null),
                (Func<RowSample, double?>)(sample => sheet.MainScore(sample, task)))),
            (new ResultColumn(ColumnKind.Loss, null, null, null, null, null), sheet.MeanLoss),
        ];
        var rows = input.Layout.Rows.Select(row => Row(row, input, sheet, [.. columns.Select(column => Cell(row, column.Score))])).ToList();
        var baseline = rows.Find(row => row.Role == RowRole.Baseline)?.TrainingFlops;
        return Judge(
            [.. columns.Select(column => column.Column)],
            [.. rows.Select(row => row with { CostRatio = baseline > 0 ? row.TrainingFlops / baseline : null })],
            membersRepeatEachOther: input.Spec.Ensemble?.Models is null);
    }

    private static ResultRow Row(ExperimentRow row, ExperimentReportInput input, ScoreSheet sheet, IReadOnlyList<ResultCell> cells) => new(
        row.Label,
        row.Role,
        row.Compute,
        row.Samples.Count,
        cells,
        Flops(row, input, sheet),
        null,
        row.Samples.SelectMany(sample => sample.RunOfTask.Values).Select(key => Models(key, input.Layout)).DefaultIfEmpty(1).Max(),
        sheet.Tasks.Where(task => task.Metrics.Count > 0).ToDictionary(
            task => task.Name,
            task => (IReadOnlyDictionary<string, ResultCell>)task.Metrics.ToDictionary(metric => metric, metric => Cell(row, sample => sheet.Score(sample, task, metric)))),
        sheet.Tasks.ToDictionary(task => task.Name, task => Cell(row, sample => sheet.Loss(sample, task))));

    private static ResultCell Cell(ExperimentRow row, Func<RowSample, double?> score) => ResultCell.Of([.. row.Samples.Select(score).OfType<double>()]);

    // What a repetition costs is known once all its runs are through.
    private static double? Flops(ExperimentRow row, ExperimentReportInput input, ScoreSheet sheet)
    {
        var whole = row.Samples.Where(sample => input.Layout.RunsOf(sample).All(sheet.IsDone)).ToList();
        return whole.Count == 0 ? null : input.Layout.CostOf(row with { Samples = whole }, key => input.Runs[key].Report.TrainingFlops);
    }

    private static int Models(string key, ExperimentLayout layout) =>
        layout.Runs.First(run => run.Key == key).Spec.Model is { IsEnsemble: true } model ? model.References.Count : 1;

    // The paper repeated its baseline ten times and lent that spread to all; here everything that was repeated says how large noise is.
    private static ResultTable Judge(IReadOnlyList<ResultColumn> columns, IReadOnlyList<ResultRow> rows, bool membersRepeatEachOther)
    {
        var judged = columns.Select((column, i) => column with
        {
            Deviation = Spread.Pooled(Repetitions(rows, i, membersRepeatEachOther)),
            Best = Best(column.Kind, [.. rows.Select(row => row.Cells[i].Mean).OfType<double>()]),
        }).ToList();
        return new ResultTable(
            judged,
            [.. rows.Select(row => row with { Cells = [.. row.Cells.Select((cell, i) => cell with { Bold = IsNearBest(cell, judged[i]) })] })]);
    }

    private static IEnumerable<IReadOnlyCollection<double>> Repetitions(IReadOnlyList<ResultRow> rows, int column, bool membersRepeatEachOther)
    {
        foreach (var row in rows)
        {
            yield return row.Cells[column].Values;
        }

        // Members that differ by nothing but their seeds repeat each other, though each has a row of its own.
        var members = rows.Where(row => row.Role == RowRole.Member).ToList();
        if (membersRepeatEachOther && members.TrueForAll(row => row.Samples == 1))
        {
            yield return [.. members.SelectMany(row => row.Cells[column].Values)];
        }
    }

    private static double? Best(ColumnKind kind, List<double> means) =>
        means.Count == 0 ? null : kind == ColumnKind.Loss ? means.Min() : means.Max();

    private static bool IsNearBest(ResultCell cell, ResultColumn column) =>
        cell.Mean is { } mean && column.Best is { } best && Math.Abs(mean - best) <= 2 * (column.Deviation ?? 0);
}
