namespace Temper.Mixture.Metrics;

/// <summary>Correlations, in percent; NaN where one side does not vary.</summary>
public static class Correlation
{
    /// <summary>Pearson's r.</summary>
    public static double Pearson(IReadOnlyList<double> targets, IReadOnlyList<double> predictions)
    {
        if (IsConstant(targets) || IsConstant(predictions))
        {
            return double.NaN;
        }

        var (meanT, meanP) = (targets.Average(), predictions.Average());
        var (both, squaredT, squaredP) = (0.0, 0.0, 0.0);
        foreach (var (target, prediction) in targets.Zip(predictions))
        {
            both += (target - meanT) * (prediction - meanP);
            squaredT += (target - meanT) * (target - meanT);
            squaredP += (prediction - meanP) * (prediction - meanP);
        }

        return 100 * Math.Clamp(both / (Math.Sqrt(squaredT) * Math.Sqrt(squaredP)), -1, 1);
    }

    /// <summary>Spearman's r: Pearson's on ranks, equal values sharing the mean of their ranks.</summary>
    public static double Spearman(IReadOnlyList<double> targets, IReadOnlyList<double> predictions) =>
        targets.Concat(predictions).Any(double.IsNaN) ? double.NaN : Pearson(Ranks(targets), Ranks(predictions));

    private static bool IsConstant(IReadOnlyList<double> values) => values.Count == 0 || values.All(value => value == values[0]);

    private static double[] Ranks(IReadOnlyList<double> values)
    {
        var ranks = new double[values.Count];
        var rank = 1;
        foreach (var equal in values.Index().GroupBy(value => value.Item).OrderBy(group => group.Key))
        {
            var count = equal.Count();
            foreach (var (index, _) in equal)
            {
                ranks[index] = rank + ((count - 1) / 2.0);
            }

            rank += count;
        }

        return ranks;
    }
}
