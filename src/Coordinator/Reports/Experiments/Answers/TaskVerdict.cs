namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>How one side compares with another task by task, in words.</summary>
internal static class TaskVerdict
{
    /// <summary>"gains on a (+1.20), loses on b (−0.80) and is not distinguishable on c and d"; null where there is nothing to compare.</summary>
    public static string? Of(IReadOnlyList<TaskDifference> all)
    {
        return all.Count == 0 ? null
            : all.All(part => part.Difference.Rule.Test == NoiseTest.Nothing) ? $"{AsTheyAre(all)}; {ReportNotes.NotRepeated}, so that may be chance"
            : Words.List(
            [
                .. Part("gains on", all.Where(part => part.Difference.IsGain).OrderByDescending(part => part.Difference.Points), Named),
                .. Part("loses on", all.Where(part => part.Difference.IsLoss).OrderBy(part => part.Difference.Points), Named),
                .. Part("is not distinguishable on", all.Where(part => part.Difference is { IsJudged: true, IsReal: false }), part => part.Task),
                .. Part("cannot be judged on", all.Where(part => !part.Difference.IsJudged), part => part.Task),
            ]);
    }

    private static string AsTheyAre(IReadOnlyList<TaskDifference> all) => Words.List(
    [
        .. Part("is higher on", all.Where(part => part.Difference.Points > 0).OrderByDescending(part => part.Difference.Points), Named),
        .. Part("is lower on", all.Where(part => part.Difference.Points < 0).OrderBy(part => part.Difference.Points), Named),
        .. Part("is equal on", all.Where(part => part.Difference.Points == 0), part => part.Task),
    ]);

    private static IEnumerable<string> Part(string verb, IEnumerable<TaskDifference> parts, Func<TaskDifference, string> name) =>
        parts.Select(name).ToList() is { Count: > 0 } named ? [$"{verb} {Words.List(named)}"] : [];

    private static string Named(TaskDifference part) => $"{part.Task} ({Figures.Gain(part.Difference.Points)})";
}
