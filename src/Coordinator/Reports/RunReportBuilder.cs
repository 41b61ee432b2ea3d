using Temper.Contracts.Agents;

namespace Temper.Coordinator.Reports;

/// <summary>From rows to results.</summary>
internal static class RunReportBuilder
{
    public static RunReport Build(RunReportInput input)
    {
        var (status, spec, steps) = (input.Status, input.Spec, input.Steps);
        var seen = TaskTotals.Of(steps);
        var all = TaskTotals.Sum(seen.Values);
        var stepSeconds = steps.Sum(row => row.Seconds);
        var flops = steps.Sum(row => row.Flops);
        var names = spec.Tasks.Keys.Union(input.Rates.Keys).Union(seen.Keys).Union(input.Evaluations.Select(row => row.Task)).ToList();
        return new RunReport(
            status.Name,
            status.Id,
            status.Phase,
            status.Reason,
            status.Step,
            status.Steps,
            status.Workers,
            spec.Threads,
            status.Precision,
            spec.Seed,
            (status.EndedAt - status.StartedAt)?.TotalSeconds ?? (steps.Count > 0 ? stepSeconds : null),
            stepSeconds > 0 ? steps.Sum(row => row.InputTokens + row.TargetTokens) / stepSeconds : null,
            // Which agents a failure counts against is the scheduler's affair.
            [.. status.Recoveries.Select(recovery => recovery with { Suspects = null })],
            steps.Count > 0 ? steps[^1].Loss : null,
            Sorted(input.Rates.Keys, name => input.Rates[name]),
            Sorted(names, name => Share(seen.GetValueOrDefault(name), all)),
            Sorted(names, name => Task(name, input, seen.GetValueOrDefault(name))),
            flops,
            flops > 0 ? 1 - (steps.Sum(row => row.UnpaddedFlops) / flops) : null);
    }

    private static TaskShare Share(TaskTotals part, TaskTotals whole) => new(
        whole.Examples > 0 ? (double)part.Examples / whole.Examples : 0,
        whole.TargetTokens > 0 ? (double)part.TargetTokens / whole.TargetTokens : 0);

    private static TaskReport Task(string name, RunReportInput input, TaskTotals seen)
    {
        var rows = input.Evaluations.Where(row => row.Task == name).ToList();
        var validation = Last(rows, "validation");
        var test = Last(rows, "test");
        // A test set whose labels a leaderboard keeps judges nothing.
        var judged = test is null or { Labelled: false } ? validation ?? test : test;
        long? size = input.TrainExamples is { } sizes && sizes.TryGetValue(name, out var n) && n > 0 ? n : null;
        return new TaskReport(
            judged?.Split,
            Metrics(judged),
            Split(validation),
            Split(test),
            seen.Examples,
            seen.TargetTokens,
            (double?)seen.Examples / size,
            judged?.Samples ?? []);
    }

    // The evaluation at the end looks at more rows than those before it, so it wins even where a later step has another.
    private static EvaluationRow? Last(IEnumerable<EvaluationRow> rows, string split) =>
        rows.Where(row => row.Split == split).MaxBy(row => (row.Final, row.Step));

    private static SplitReport? Split(EvaluationRow? row) =>
        row is null ? null : new SplitReport(row.Examples, row.Step, row.Final, Metrics(row), row.Loss, row.Labelled, row.Warnings);

    private static IReadOnlyDictionary<string, double?> Metrics(EvaluationRow? row) => row?.Metrics ?? new Dictionary<string, double?>();

    private static SortedDictionary<string, T> Sorted<T>(IEnumerable<string> names, Func<string, T> value)
    {
        var result = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            result[name] = value(name);
        }

        return result;
    }
}
