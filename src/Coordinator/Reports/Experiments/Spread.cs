namespace Temper.Coordinator.Reports.Experiments;

/// <summary>Mean and standard deviation of a few repetitions.</summary>
internal static class Spread
{
    public static double? Mean(IReadOnlyCollection<double> values) => values.Count == 0 ? null : values.Average();

    /// <summary>Of a sample (n - 1); null for fewer than two values.</summary>
    public static double? Deviation(IReadOnlyCollection<double> values) =>
        values.Count < 2 ? null : Math.Sqrt(Squares(values) / (values.Count - 1));

    /// <summary>One standard deviation for groups whose means differ; null where no group has two values.</summary>
    public static double? Pooled(IEnumerable<IReadOnlyCollection<double>> groups)
    {
        var (squares, freedom) = (0.0, 0);
        foreach (var group in groups.Where(group => group.Count >= 2))
        {
            squares += Squares(group);
            freedom += group.Count - 1;
        }

        return freedom == 0 ? null : Math.Sqrt(squares / freedom);
    }

    private static double Squares(IReadOnlyCollection<double> values)
    {
        var mean = values.Average();
        return values.Sum(value => (value - mean) * (value - mean));
    }
}
