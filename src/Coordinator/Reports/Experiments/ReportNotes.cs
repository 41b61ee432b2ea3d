using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports.Experiments.Answers;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>What one must know to read the table.</summary>
internal static class ReportNotes
{
    /// <summary>Part of every sentence about a difference that nothing is known about.</summary>
    public const string NotRepeated = "nothing was repeated with another seed";

    private const int MaxNamed = 12;

    public static IEnumerable<string> Of(ExperimentReportInput input, ScoreSheet sheet, TableJudge judge)
    {
        foreach (var note in Noise(judge))
        {
            yield return note;
        }

        foreach (var note in Missing(input))
        {
            yield return note;
        }

        foreach (var task in sheet.Tasks.Where(task => task.HasMetrics && task.MainMetric is not null))
        {
            var undefined = Undefined(task, input.Layout, sheet);
            if (undefined.Count > 0)
            {
                yield return $"{task.MainMetric} of {task.Name} is not defined in {Words.List(undefined, MaxNamed)}, so {(undefined.Count == 1 ? "its cell and its average are" : "their cells and averages are")} empty.";
            }
        }

        var unscored = sheet.Tasks.Where(task => !task.HasMetrics).Select(task => task.Name).ToList();
        if (unscored.Count > 0)
        {
            yield return $"{Words.List(unscored, MaxNamed)} {(unscored.Count == 1 ? "has" : "have")} no metric and so no part in the average.";
        }

        var lossless = sheet.LeftOutOfLoss.ToList();
        if (lossless.Count > 0)
        {
            yield return $"The held-out loss leaves out {Words.List(lossless, MaxNamed)}: not every row is evaluated on {(lossless.Count == 1 ? "it" : "them")}.";
        }
    }

    private static IEnumerable<string> Noise(TableJudge judge)
    {
        var table = judge.Table;
        var (pooled, welch) = (Judged(NoiseTest.Pooled), Judged(NoiseTest.Welch));
        if (pooled.Count + welch.Count == 0)
        {
            yield return "Nothing was repeated with another seed, so nothing is known about noise. Differences may be chance, and nothing is bold.";
            yield break;
        }

        var among = table.Rows.All(row => row.Competes) ? "" : " among the rows of equal cost";
        yield return $"Bold: the best of a column{among}, and what a two-sided t-test does not tell from it at the 5 % level. p-values are adjusted for the number of rows that one is compared with (Bonferroni); each column is a question of its own. ± is the standard deviation of a row's own repetitions.";
        if (pooled.Count > 0)
        {
            yield return $"Student's t-test, with one standard deviation from everything that was repeated: {Words.List(pooled, MaxNamed)}. The spreads of its rows are alike (Bartlett's test, p of at least 0.25), so rows without repetitions borrow it, as all rows of Raffel et al. 2020 borrow that of the repeated baseline.";
        }

        if (welch.Count > 0)
        {
            yield return $"Welch's t-test, with each row's own standard deviation, since spreads are not alike: {Words.List(welch, MaxNamed)}. A row without repetitions cannot be judged there.";
        }

        List<string> Judged(NoiseTest test) => [.. table.Columns
            .Where(column => column.Test == test)
            .Select(column => $"{ColumnWords.Of(column)}{(column.Deviation is { } deviation ? $" ({ColumnWords.Deviation(column, deviation)})" : "")}")];
    }

    private static IEnumerable<string> Missing(ExperimentReportInput input)
    {
        var missing = input.Layout.Runs.Select(run => (run.Key, input.Runs[run.Key].Status.Phase)).Where(run => run.Phase != RunPhase.Succeeded).ToList();
        if (missing.Count > 0)
        {
            var named = missing.Select(run => $"{run.Key} ({Word(run.Phase)})").ToList();
            yield return $"No result from {Words.List(named, MaxNamed)}: cells that need {(named.Count == 1 ? "it" : "them")} are empty or rest on fewer repetitions.";
        }
    }

    private static string Word(RunPhase phase) => phase switch
    {
        RunPhase.Failed => "failed",
        RunPhase.Cancelled => "cancelled",
        _ => "not ended yet",
    };

    private static List<string> Undefined(JudgedTask task, ExperimentLayout layout, ScoreSheet sheet) =>
        [.. layout.Rows.SelectMany(row => row.Samples)
            .Where(sample => sample.RunOfTask.TryGetValue(task.Name, out var key) && sheet.IsDone(key) && sheet.MainScore(sample, task) is null)
            .Select(sample => sample.RunOfTask[task.Name])
            .Distinct()];
}
