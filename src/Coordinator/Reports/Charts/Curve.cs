namespace Temper.Coordinator.Reports.Charts;

/// <summary>A point of a curve; a Y that is not finite is a gap.</summary>
public readonly record struct Point(double X, double Y);

/// <summary>What is done to curves before they are drawn.</summary>
internal static class Curve
{
    /// <summary>
    /// At most <paramref name="limit"/> points that look the same: the lowest and the highest of each stretch, in their order, so that
    /// no spike is lost.
    /// </summary>
    public static IReadOnlyList<Point> Thin(IReadOnlyList<Point> points, int limit)
    {
        if (points.Count <= limit)
        {
            return points;
        }

        var stretches = Math.Max(1, limit / 2);
        var result = new List<Point>(limit);
        for (var i = 0; i < stretches; i++)
        {
            var from = (int)((long)points.Count * i / stretches);
            var to = (int)((long)points.Count * (i + 1) / stretches);
            var (low, high) = (from, from);
            for (var k = from; k < to; k++)
            {
                // Comparisons with NaN are false: start from a number where there is one.
                if (points[k].Y < points[low].Y || !double.IsFinite(points[low].Y))
                {
                    low = k;
                }

                if (points[k].Y > points[high].Y || !double.IsFinite(points[high].Y))
                {
                    high = k;
                }
            }

            result.Add(points[Math.Min(low, high)]);
            if (low != high)
            {
                result.Add(points[Math.Max(low, high)]);
            }
        }

        return result;
    }

    /// <summary>
    /// A running ratio Σw·value / Σw that forgets exponentially; it never looks ahead, and its first points are not pulled towards zero.
    /// </summary>
    /// <param name="rows">Abscissa, numerator and weight of each row; rows that are not finite, or without weight, are left out.</param>
    /// <param name="span">About how many rows count.</param>
    public static IReadOnlyList<Point> Smooth(IEnumerable<(double X, double Sum, double Weight)> rows, double span)
    {
        var keep = Math.Exp(-1 / Math.Max(span, 0.1));
        var (sum, weight) = (0.0, 0.0);
        var result = new List<Point>();
        foreach (var row in rows.Where(row => double.IsFinite(row.Sum) && row.Weight > 0))
        {
            sum = (sum * keep) + row.Sum;
            weight = (weight * keep) + row.Weight;
            result.Add(new Point(row.X, sum / weight));
        }

        return result;
    }

    /// <summary>How much of a run of <paramref name="count"/> rows a smoothed curve looks back at.</summary>
    public static double Span(int count) => Math.Clamp(count / 100.0, 1, 500);
}
