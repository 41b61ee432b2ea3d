using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>A task as it is judged in all rows.</summary>
/// <param name="Name">The task.</param>
/// <param name="Split">Its judged split; null where no run has evaluated it yet.</param>
/// <param name="Metrics">Its metrics, the main one first.</param>
internal sealed record JudgedTask(string Name, string? Split, IReadOnlyList<string> Metrics)
{
    public string? MainMetric => Contracts.Agents.MainMetric.Of(Metrics);

    /// <summary>Span corruption and its like have a loss and nothing else. Of what was not evaluated yet one cannot know.</summary>
    public bool HasMetrics => Split is null || Metrics.Count > 0;
}

/// <summary>What each repetition of each row scored: only runs that have succeeded count, with their evaluation at the end.</summary>
internal sealed class ScoreSheet
{
    private readonly ExperimentReportInput _input;
    private readonly List<JudgedTask> _scored;
    private readonly List<string> _withLoss;

    public ScoreSheet(ExperimentReportInput input)
    {
        _input = input;
        var samples = input.Layout.Rows.SelectMany(row => row.Samples).ToList();
        Tasks = [.. samples.SelectMany(sample => sample.RunOfTask.Keys).Distinct().Order(StringComparer.Ordinal).Select(task => Judge(task, samples))];
        _scored = [.. Tasks.Where(task => task.HasMetrics)];
        // Means over different tasks could not be compared.
        _withLoss = [.. Tasks.Select(task => task.Name).Where(task => samples.TrueForAll(sample => sample.RunOfTask.ContainsKey(task)))];
    }

    /// <summary>All tasks, by name.</summary>
    public IReadOnlyList<JudgedTask> Tasks { get; }

    /// <summary>Tasks that only some rows have, which therefore count in no row's loss.</summary>
    public IEnumerable<string> LeftOutOfLoss => Tasks.Select(task => task.Name).Except(_withLoss);

    /// <summary>Whether a run has a result.</summary>
    public bool IsDone(string key) => _input.Runs[key].Status.Phase == RunPhase.Succeeded;

    public double? Score(RowSample sample, JudgedTask task, string metric) =>
        Finite(Evaluation(sample, task)?.Metrics.GetValueOrDefault(metric));

    public double? MainScore(RowSample sample, JudgedTask task) => task.MainMetric is { } metric ? Score(sample, task, metric) : null;

    public double? Loss(RowSample sample, JudgedTask task) => Finite(Evaluation(sample, task)?.Loss);

    /// <summary>Mean of the main metrics; null where one is missing.</summary>
    public double? Average(RowSample sample) => MeanOfAll(_scored, task => MainScore(sample, task));

    /// <summary>Mean of the losses; null where one is missing.</summary>
    public double? MeanLoss(RowSample sample) => MeanOfAll([.. Tasks.Where(task => _withLoss.Contains(task.Name))], task => Loss(sample, task));

    private static double? MeanOfAll(List<JudgedTask> tasks, Func<JudgedTask, double?> score)
    {
        var scores = tasks.Select(score).OfType<double>().ToList();
        return scores.Count == tasks.Count ? Spread.Mean(scores) : null;
    }

    private JudgedTask Judge(string task, List<RowSample> samples)
    {
        var report = samples.Select(sample => Report(sample, task)).FirstOrDefault(report => report is not null);
        return new JudgedTask(task, report?.Split, [.. report?.Metrics.Keys ?? []]);
    }

    private SplitReport? Evaluation(RowSample sample, JudgedTask task) =>
        Report(sample, task.Name) is { } report && report.Split == task.Split ? report.Judged : null;

    private TaskReport? Report(RowSample sample, string task) =>
        sample.RunOfTask.TryGetValue(task, out var key) && IsDone(key)
        && _input.Runs[key].Report.Tasks.TryGetValue(task, out var report) && report.Judged is { Final: true }
            ? report
            : null;

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
