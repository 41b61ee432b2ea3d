using CsCheck;
using Temper.Coordinator.Reports.Charts;

namespace Temper.Coordinator.Tests.Reports.Charts;

public class AxisTests
{
    [Theory]
    [InlineData(0, 1, "0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(0, 0.002, "0 0.0005 0.0010 0.0015 0.0020")]
    [InlineData(0, 0.00005, "0 1e-5 2e-5 3e-5 4e-5 5e-5")]
    [InlineData(0, 27000, "0 10 k 20 k 30 k")]
    [InlineData(0, 3.1e6, "0 1 M 2 M 3 M 4 M")]
    [InlineData(-3, 8, "-5 0 5 10")]
    public void Linear_ticks_are_round(double low, double high, string expected) =>
        Assert.Equal(expected, string.Join(' ', Axis.Linear(low, high, low >= 0, 5).Ticks.Select(tick => tick.Label)));

    [Theory]
    [InlineData(0.011, 5.5, "0.01 0.03 0.1 0.3 1 3")]
    [InlineData(0.5, 25, "0.5 1 2 5 10 20")]
    [InlineData(1e-6, 1, "1e-6 1e-5 0.0001 0.001 0.01 0.1 1")]
    public void Wide_positive_values_get_a_logarithmic_axis(double low, double high, string expected)
    {
        var axis = Axis.Auto(low, high, 5);

        Assert.True(axis.IsLog);
        Assert.Equal(expected, string.Join(' ', axis.Ticks.Select(tick => tick.Label)));
    }

    [Fact]
    public void Narrow_or_negative_values_do_not()
    {
        Assert.False(Axis.Auto(1, 5, 5).IsLog);
        Assert.False(Axis.Auto(-1, 500, 5).IsLog);
        Assert.False(Axis.Auto(0, 500, 5).IsLog);
    }

    [Fact]
    public void Every_value_has_its_place_and_ticks_are_few() =>
        Gen.Select(Gen.Double[-1e9, 1e9], Gen.Double[-1e9, 1e9]).Sample((a, b) =>
        {
            var (low, high) = (Math.Min(a, b), Math.Max(a, b));
            var axis = Axis.Auto(low, high, 5);

            Assert.InRange(axis.Place(low), -1e-9, 1 + 1e-9);
            Assert.InRange(axis.Place(high), -1e-9, 1 + 1e-9);
            Assert.InRange(axis.Ticks.Count, 2, 9);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(-7)]
    [InlineData(1e-300)]
    public void A_single_value_has_an_axis(double value) => Assert.InRange(Axis.Auto(value, value, 5).Place(value), 0, 1);
}
