namespace Temper.Mixture.Metrics;

/// <summary>Scores over class ids, in percent. A prediction that is no class has the id -1.</summary>
public static class ClassScores
{
    /// <summary>Share of equal items; NaN if there are none.</summary>
    public static double Accuracy<T>(IReadOnlyList<T> targets, IReadOnlyList<T> predictions) =>
        targets.Count == 0
            ? double.NaN
            : 100.0 * targets.Zip(predictions).Count(pair => EqualityComparer<T>.Default.Equals(pair.First, pair.Second)) / targets.Count;

    /// <summary>
    /// F1 of class 1 against class 0. A prediction that is neither becomes the opposite of its target, so that it is always wrong.
    /// </summary>
    public static double F1WithInvalid(IReadOnlyList<int> targets, IReadOnlyList<int> predictions)
    {
        var judged = targets.Zip(predictions, (target, prediction) => prediction is 0 or 1 ? prediction : 1 - target);
        return 100 * F1(targets, [.. judged], positive: 1);
    }

    /// <summary>Mean of the F1 of every class; an invalid prediction is a miss of its target's class.</summary>
    public static double MeanF1(IReadOnlyList<int> targets, IReadOnlyList<int> predictions, int classCount) =>
        100 * Enumerable.Range(0, classCount).Average(positive => F1(targets, predictions, positive));

    /// <summary>
    /// Matthews' correlation for any number of classes, -1 being one more: (c·s − Σ p·t) / √((s² − Σ p²)(s² − Σ t²)) with c correct
    /// of s items, t and p the counts of a class among targets and predictions. 0 where the denominator is 0.
    /// </summary>
    public static double Matthews(IReadOnlyList<int> targets, IReadOnlyList<int> predictions)
    {
        var t = targets.CountBy(id => id).ToDictionary();
        var p = predictions.CountBy(id => id).ToDictionary();
        double s = targets.Count;
        double c = targets.Zip(predictions).Count(pair => pair.First == pair.Second);
        var crossed = t.Sum(one => (double)one.Value * p.GetValueOrDefault(one.Key));
        var spread = ((s * s) - SumOfSquares(p)) * ((s * s) - SumOfSquares(t));
        return spread == 0 ? 0 : 100 * ((c * s) - crossed) / Math.Sqrt(spread);
    }

    private static double SumOfSquares(Dictionary<int, int> counts) => counts.Values.Sum(count => (double)count * count);

    private static double F1(IReadOnlyList<int> targets, IReadOnlyList<int> predictions, int positive)
    {
        var hits = targets.Zip(predictions).Count(pair => pair.First == positive && pair.Second == positive);
        var positives = targets.Count(id => id == positive) + predictions.Count(id => id == positive);
        return positives == 0 ? 0 : 2.0 * hits / positives;
    }
}
