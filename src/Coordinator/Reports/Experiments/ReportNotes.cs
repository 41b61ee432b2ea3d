using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports.Experiments.Answers;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>What one must know to read the table.</summary>
internal static class ReportNotes
{
    private const int MostNamed = 12;

    public static IEnumerable<string> Of(ExperimentReportInput input, ScoreSheet sheet, ResultTable table)
    {
        yield return Noise(table);
        foreach (var note in Missing(input))
        {
            yield return note;
        }

        foreach (var task in sheet.Tasks.Where(task => task.HasMetrics && task.MainMetric is not null))
        {
            var undefined = Undefined(task, input.Layout, sheet);
            if (undefined.Count > 0)
            {
                yield return $"{task.MainMetric} of {task.Name} is not defined in {Words.List(undefined, MostNamed)}, so {(undefined.Count == 1 ? "its cell and its average are" : "their cells and averages are")} empty.";
            }
        }

        var unscored = sheet.Tasks.Where(task => !task.HasMetrics).Select(task => task.Name).ToList();
        if (unscored.Count > 0)
        {
            yield return $"{Words.List(unscored, MostNamed)} {(unscored.Count == 1 ? "has" : "have")} no metric and so no part in the average.";
        }

        var lossless = sheet.LeftOutOfLoss.ToList();
        if (lossless.Count > 0)
        {
            yield return $"The held-out loss leaves out {Words.List(lossless, MostNamed)}: not every row is evaluated on {(lossless.Count == 1 ? "it" : "them")}.";
        }
    }

    private static string Noise(ResultTable table) => table.Columns.Any(column => column.Deviation is not null)
        ? "Bold: within two standard deviations of the best of the column, where the standard deviation is that of one repetition with another seed, pooled over everything that was repeated. ± is the standard deviation of a row's own repetitions."
        : "Nothing was repeated with another seed, so nothing is known about noise: only the best of each column is bold, and small differences may be chance.";

    private static IEnumerable<string> Missing(ExperimentReportInput input)
    {
        var missing = input.Layout.Runs.Select(run => (run.Key, input.Runs[run.Key].Status.Phase)).Where(run => run.Phase != RunPhase.Succeeded).ToList();
        if (missing.Count > 0)
        {
            var named = missing.Select(run => $"{run.Key} ({Word(run.Phase)})").ToList();
            yield return $"No result from {Words.List(named, MostNamed)}: cells that need {(named.Count == 1 ? "it" : "them")} are empty or rest on fewer repetitions.";
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
