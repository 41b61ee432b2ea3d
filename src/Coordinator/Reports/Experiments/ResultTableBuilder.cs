using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>From what each repetition scored to the table.</summary>
internal static class ResultTableBuilder
{
    public static TableJudge Build(ExperimentReportInput input, ScoreSheet sheet)
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
        var undefined = tasks.Where(task => IsMostlyUndefined(task, input.Layout, sheet)).Select(task => task.Name).ToHashSet();
        return Judge(
            new ResultTable(
                [.. columns.Select(column => column.Column with { Test = IsUndefined(column.Column, undefined) ? NoiseTest.Undefined : null })],
                [.. rows.Select(row => row with { CostRatio = baseline > 0 ? row.TrainingFlops / baseline : null })]),
            MembersRepeatEachOther(input));
    }

    /// <summary>Members that were trained for the experiment differ by nothing but their seeds; models that were there already may differ in anything.</summary>
    public static bool MembersRepeatEachOther(ExperimentReportInput input) => input.Spec.Ensemble?.Models is null;

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
        sheet.Tasks.ToDictionary(task => task.Name, task => Cell(row, sample => sheet.Loss(sample, task))),
        Competes(row, input.Spec));

    private static ResultCell Cell(ExperimentRow row, Func<RowSample, double?> score) => ResultCell.Of([.. row.Samples.Select(score).OfType<double>()]);

    // What a repetition costs is known once all its runs are through.
    private static double? Flops(ExperimentRow row, ExperimentReportInput input, ScoreSheet sheet)
    {
        var whole = row.Samples.Where(sample => input.Layout.RunsOf(sample).All(sheet.IsDone)).ToList();
        return whole.Count == 0 ? null : input.Layout.CostOf(row with { Samples = whole }, key => input.Runs[key].Report.TrainingFlops);
    }

    private static int Models(string key, ExperimentLayout layout) =>
        layout.Runs.First(run => run.Key == key).Spec.Model is { IsEnsemble: true } model ? model.References.Count : 1;

    // What cost more or less than the others does not compete with them.
    private static bool Competes(ExperimentRow row, ExperimentSpec spec) =>
        spec.Scaling is not { } scaling || (row.Role != RowRole.Baseline && row.Compute is { } claimed && Math.Abs(claimed - scaling.Compute) < 1e-9);

    private static bool IsUndefined(ResultColumn column, HashSet<string> undefined) => column.Kind switch
    {
        ColumnKind.Average => undefined.Count > 0,
        ColumnKind.Task => undefined.Contains(column.Task!),
        _ => false,
    };

    private static bool IsMostlyUndefined(JudgedTask task, ExperimentLayout layout, ScoreSheet sheet)
    {
        var done = layout.Rows.SelectMany(row => row.Samples).Where(sample => sample.RunOfTask.TryGetValue(task.Name, out var key) && sheet.IsDone(key)).ToList();
        return task.MainMetric is not null && 2 * done.Count(sample => sheet.MainScore(sample, task) is null) > done.Count;
    }

    private static TableJudge Judge(ResultTable table, bool membersRepeat)
    {
        var judge = new TableJudge(table, membersRepeat);
        var leaders = table.Columns.Select((_, i) => judge.Leader(i)).ToList();
        var columns = table.Columns.Select((column, i) => column with { Deviation = judge.Rule(i).Deviation, Best = leaders[i]?.Score, Test = judge.Rule(i).Test });
        var rows = table.Rows.Select(row => row with { Cells = [.. row.Cells.Select((cell, i) => cell with { Bold = row.Competes && leaders[i]?.IsBold(row) == true })] });
        return new TableJudge(new ResultTable([.. columns], [.. rows]), membersRepeat);
    }
}
