using CsCheck;
using Temper.Coordinator.Reports.Charts;

namespace Temper.Coordinator.Tests.Reports.Charts;

public class CurveTests
{
    [Fact]
    public void Thinning_keeps_order_extremes_and_the_limit() =>
        Gen.Select(Gen.Double[-1e6, 1e6].Array[1, 3000], Gen.Int[2, 500]).Sample((values, limit) =>
        {
            var points = values.Select((value, i) => new Point(i, value)).ToList();

            var thin = Curve.Thin(points, limit);

            Assert.InRange(thin.Count, 1, limit);
            Assert.Equal(values.Min(), thin.Min(point => point.Y));
            Assert.Equal(values.Max(), thin.Max(point => point.Y));
            Assert.True(thin.Zip(thin.Skip(1)).All(pair => pair.First.X < pair.Second.X));
            Assert.All(thin, point => Assert.Equal(values[(int)point.X], point.Y));
        });

    [Fact]
    public void Thinning_finds_numbers_among_gaps()
    {
        var points = Enumerable.Range(0, 100).Select(i => new Point(i, i == 57 ? 3 : double.NaN)).ToList();

        Assert.Contains(Curve.Thin(points, 10), point => point.Y == 3);
    }

    [Fact]
    public void Smoothing_keeps_a_constant_from_its_first_point_on()
    {
        var smooth = Curve.Smooth(Enumerable.Range(1, 50).Select(i => ((double)i, 2.5 * i, (double)i)), 10);

        Assert.All(smooth, point => Assert.Equal(2.5, point.Y, 12));
    }

    [Fact]
    public void Smoothing_steps_over_rows_that_are_not_finite()
    {
        var smooth = Curve.Smooth([(1, 1, 1), (2, double.NaN, 1), (3, 1, 0), (4, 1, 1)], 5);

        Assert.Equal([1.0, 4.0], smooth.Select(point => point.X));
        Assert.All(smooth, point => Assert.Equal(1, point.Y, 12));
    }
}
