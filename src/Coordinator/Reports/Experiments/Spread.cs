namespace Temper.Coordinator.Reports.Experiments;

/// <summary>Mean and standard deviation of a few repetitions.</summary>
internal static class Spread
{
    // Far above what rounding does to a mean of scores, far below what scores can differ by.
    private const double Rounding = 1e-11;

    public static double? Mean(IReadOnlyCollection<double> values) => values.Count == 0 ? null : IsFlat(values) ? values.First() : values.Average();

    /// <summary>Of a sample (n - 1); null for fewer than two values.</summary>
    public static double? Deviation(IReadOnlyCollection<double> values) =>
        values.Count < 2 ? null : Math.Sqrt(Squares(values) / (values.Count - 1));

    /// <summary>One standard deviation for groups whose means differ, weighted by degrees of freedom; null where no group has two values.</summary>
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

    /// <summary>Whether two numbers differ by nothing but rounding.</summary>
    public static bool AreEqual(double first, double second) => Math.Abs(first - second) <= Rounding * Math.Max(Math.Abs(first), Math.Abs(second));

    private static double Squares(IReadOnlyCollection<double> values)
    {
        if (IsFlat(values))
        {
            return 0;
        }

        var mean = values.Average();
        return values.Sum(value => (value - mean) * (value - mean));
    }

    // Equal values have no spread, though their average may be off by a rounding.
    private static bool IsFlat(IReadOnlyCollection<double> values) => AreEqual(values.Min(), values.Max());
}
