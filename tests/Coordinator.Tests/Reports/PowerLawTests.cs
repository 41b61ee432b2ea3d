using CsCheck;
using Temper.Coordinator.Reports.Experiments;

namespace Temper.Coordinator.Tests.Reports;

public class PowerLawTests
{
    [Fact]
    public void Without_noise_the_law_is_found_exactly() => Gen.Select(Gen.Double[0.1, 50], Gen.Double[-0.5, 1.5], Gen.Double[1e9, 1e18], Gen.Int[3, 9])
        .Sample((scale, exponent, smallest, count) =>
        {
            var points = Enumerable.Range(0, count).Select(i => smallest * Math.Pow(2, i)).Select(compute => (compute, Loss: Law(scale, exponent, compute, smallest))).ToList();

            Assert.True(PowerLaw.TryFit(points, out var law, out _));

            Assert.Equal(exponent, law.Exponent, 1e-9);
            Assert.InRange(exponent, law.ExponentInterval.Low - 1e-9, law.ExponentInterval.High + 1e-9);
            Assert.InRange(law.ExponentInterval.High - law.ExponentInterval.Low, 0, 1e-9);
            foreach (var compute in new[] { smallest, points[^1].compute * 2 })
            {
                var expected = Law(scale, exponent, compute, smallest);
                Assert.Equal(1, law.At(compute) / expected, 1e-9);
                Assert.Equal(1, law.Scale * Math.Pow(compute, -law.Exponent) / expected, 1e-6);
                Assert.Equal(1, law.IntervalAt(compute).Low / expected, 1e-6);
            }
        }, iter: 40);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    public void The_intervals_hold_the_truth_about_95_times_in_100(int count)
    {
        const int Simulations = 400;
        var random = new Random(1);
        var (exponents, losses) = (0, 0);
        for (var i = 0; i < Simulations; i++)
        {
            var points = Enumerable.Range(0, count).Select(k => 1e15 * Math.Pow(2, k)).Select(compute => (compute, Noisy(compute))).ToList();
            Assert.True(PowerLaw.TryFit(points, out var law, out _));
            var (beyond, next) = (points[^1].compute * 2, Noisy(points[^1].compute * 2));
            exponents += law.ExponentInterval.Low <= 0.12 && 0.12 <= law.ExponentInterval.High ? 1 : 0;
            losses += law.IntervalAt(beyond).Low <= next && next <= law.IntervalAt(beyond).High ? 1 : 0;
        }

        Assert.InRange(exponents / (double)Simulations, 0.91, 0.985);
        Assert.InRange(losses / (double)Simulations, 0.91, 0.985);

        double Noisy(double compute) => Law(2, 0.12, compute, 1e15) * Math.Exp(0.02 * Normal(random));
    }

    [Fact]
    public void The_same_points_give_the_same_intervals()
    {
        (double, double)[] points = [(1, 2.0), (2, 1.9), (4, 1.7), (8, 1.66)];

        Assert.True(PowerLaw.TryFit(points, out var one, out _));
        Assert.True(PowerLaw.TryFit(points, out var other, out _));

        Assert.Equal(one.ExponentInterval, other.ExponentInterval);
        Assert.Equal(one.IntervalAt(16), other.IntervalAt(16));
    }

    [Fact]
    public void A_prediction_is_less_certain_than_the_line_and_less_so_further_away()
    {
        Assert.True(PowerLaw.TryFit([(1, 2.0), (2, 1.9), (4, 1.7), (8, 1.66)], out var law, out _));

        Assert.True(Width(64) > Width(16));
        Assert.True(Width(16) > Width(3));
        Assert.InRange(law.At(16), law.IntervalAt(16).Low, law.IntervalAt(16).High);

        double Width(double compute) => Math.Log(law.IntervalAt(compute).High / law.IntervalAt(compute).Low);
    }

    [Fact]
    public void What_cannot_be_fitted_says_why()
    {
        Assert.Equal("A power law needs at least 3 points, and there are 2.", WhyNot((1, 2), (2, 1)));
        Assert.Equal("A power law needs at least 3 points, and there is 1.", WhyNot((1, 2)));
        Assert.Equal("All points have the same compute.", WhyNot((5, 2), (5, 1), (5, 1.5)));
        Assert.Equal("A power law needs compute and losses above zero.", WhyNot((1, 2), (2, 0), (4, 1)));
        Assert.Equal("A power law needs compute and losses above zero.", WhyNot((1, 2), (2, double.NaN), (4, 1)));
    }

    private static string? WhyNot(params (double, double)[] points)
    {
        Assert.False(PowerLaw.TryFit(points, out var law, out var whyNot));
        Assert.Null(law);
        return whyNot;
    }

    // The scale is the loss at the smallest compute, so that numbers stay in range.
    private static double Law(double scale, double exponent, double compute, double smallest) => scale * Math.Pow(compute / smallest, -exponent);

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
