namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>What noise makes of a difference between two scores: two standard deviations of one repetition count, as in the tables of the paper.</summary>
/// <param name="Points">First minus second.</param>
/// <param name="Deviation">Standard deviation of one repetition; null where nothing is known.</param>
internal readonly record struct Difference(double Points, double? Deviation)
{
    /// <summary>Whether it may well be chance. Where nothing is known about noise it is taken as it is, and the answer says so once.</summary>
    public bool IsWithinNoise => Deviation is { } sigma ? Math.Abs(Points) <= 2 * sigma : Points == 0;

    public bool IsGain => Points > 0 && !IsWithinNoise;

    public bool IsLoss => Points < 0 && !IsWithinNoise;

    /// <summary>"two standard deviations are 0.60", for the reader to judge; empty where nothing is known.</summary>
    public string Yardstick => Deviation is { } sigma ? $" (two standard deviations: {Figures.Score(2 * sigma)})" : "";
}

/// <summary>How one row compares with another task by task.</summary>
internal sealed record TaskDifferences(IReadOnlyList<(string Task, Difference Difference)> All)
{
    /// <param name="table">The table.</param>
    /// <param name="first">Score of a column; null where there is none.</param>
    /// <param name="second">What it is compared with.</param>
    public static TaskDifferences Of(ResultTable table, Func<int, double?> first, Func<int, double?> second) => new(
        [.. table.Tasks
            .Where(column => first(column) is not null && second(column) is not null)
            .Select(column => (table.Columns[column].Task!, new Difference(first(column)!.Value - second(column)!.Value, table.Columns[column].Deviation)))]);

    /// <summary>"gains on a (+1.20), loses on b (−0.80) and is not distinguishable on c and d"; null where there is nothing to compare.</summary>
    public string? Verdict(string gains, string loses)
    {
        List<string> parts = [];
        Add(gains, [.. All.Where(part => part.Difference.IsGain).OrderByDescending(part => part.Difference.Points).Select(Named)]);
        Add(loses, [.. All.Where(part => part.Difference.IsLoss).OrderBy(part => part.Difference.Points).Select(Named)]);
        Add("is not distinguishable on", [.. All.Where(part => part.Difference.IsWithinNoise).Select(part => part.Task)]);
        return parts.Count == 0 ? null : Words.List(parts);

        void Add(string verb, IReadOnlyList<string> tasks)
        {
            if (tasks.Count > 0)
            {
                parts.Add($"{verb} {Words.List(tasks)}");
            }
        }

        static string Named((string Task, Difference Difference) part) => $"{part.Task} ({Figures.Gain(part.Difference.Points)})";
    }
}
