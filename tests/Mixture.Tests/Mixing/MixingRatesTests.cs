using Temper.Mixture.Mixing;

namespace Temper.Mixture.Tests.Mixing;

public class MixingRatesTests
{
    private static readonly int[] Sizes = [100, 400, 10_000];

    [Theory]
    [InlineData(MixingStrategy.Proportional, 1.0, null, new[] { 100.0, 400.0, 10000.0 })]
    [InlineData(MixingStrategy.Proportional, 1.0, 400L, new[] { 100.0, 400.0, 400.0 })]
    [InlineData(MixingStrategy.Temperature, 2.0, null, new[] { 10.0, 20.0, 100.0 })]
    [InlineData(MixingStrategy.Temperature, 2.0, 900L, new[] { 10.0, 20.0, 30.0 })]
    [InlineData(MixingStrategy.Equal, 1.0, null, new[] { 1.0, 1.0, 1.0 })]
    [InlineData(MixingStrategy.Explicit, 1.0, null, new[] { 0.0, 3.0, 1.0 })]
    public void Rates_follow_the_strategy(MixingStrategy strategy, double temperature, long? cap, double[] expected)
    {
        var rates = MixingRates.Compute(new MixtureSpec(strategy, temperature, cap), Sizes, [0, 3, 1]);

        var sum = expected.Sum();
        Assert.Equal(1, rates.Sum(), 12);
        for (var task = 0; task < Sizes.Length; task++)
        {
            Assert.Equal(expected[task] / sum, rates[task], 12);
        }
    }

    [Fact]
    public void Where_nothing_can_be_drawn_all_rates_are_zero()
    {
        Assert.Equal([0, 0], MixingRates.Compute(new MixtureSpec(), [0, 0], [null, null]));
        Assert.Equal([0], MixingRates.Compute(new MixtureSpec(MixingStrategy.Explicit), [5], [0]));
    }

    [Fact]
    public void A_task_without_rows_has_no_rate() =>
        Assert.Equal([0, 1], MixingRates.Compute(new MixtureSpec(MixingStrategy.Equal), [0, 5], [null, null]));
}
