using CsCheck;
using Temper.Coordinator.Reports.Experiments;

namespace Temper.Coordinator.Tests.Reports;

public class NoiseRuleTests
{
    // Extra hours of sleep with two drugs (Student 1908): R's documentation prints the tests of them.
    private static readonly double[] s_first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    private static readonly double[] s_second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    [Fact]
    public void Student_of_published_data()
    {
        var rule = NoiseRule.Of([s_first, s_second]);

        Assert.Equal((NoiseTest.Pooled, 18), (rule.Test, rule.Freedom));
        // R, t.test(extra ~ group, var.equal = TRUE): t = -1.8608, df = 18, p-value = 0.07919.
        Assert.Equal(0.07918671, rule.P(s_first, s_second)!.Value, 5e-6);
    }

    [Fact]
    public void Welch_of_published_data()
    {
        // A third group whose spread is another.
        var rule = NoiseRule.Of([s_first, s_second, [0, 100, 300]]);

        Assert.Equal((NoiseTest.Welch, null), (rule.Test, rule.Deviation));
        // R, t.test(extra ~ group): t = -1.8608, df = 17.776, p-value = 0.07939.
        Assert.Equal(0.07939414, rule.P(s_first, s_second)!.Value, 5e-9);
        // p by numerical integration of the density with 2.0563 degrees of freedom, t = 2.2118.
        Assert.Equal(0.154015896, rule.P([30, 64, 19], [7, 10.5, 5])!.Value, 5e-9);
    }

    [Fact]
    public void Bartlett_of_published_data() =>
        // R, bartlett.test(count ~ spray, InsectSprays): K-squared = 25.96, df = 5, p-value = 9.085e-05.
        Assert.Equal(
            9.085e-5,
            NoiseRule.BartlettP(
            [
                [10, 7, 20, 14, 14, 12, 10, 23, 17, 20, 14, 13], [11, 17, 21, 11, 16, 14, 17, 17, 19, 21, 7, 13], [0, 1, 7, 2, 3, 1, 2, 1, 3, 0, 1, 4],
                [3, 5, 12, 6, 4, 3, 5, 5, 5, 5, 2, 4], [3, 5, 3, 5, 3, 6, 1, 1, 3, 2, 6, 4], [11, 9, 15, 22, 15, 16, 13, 10, 26, 26, 24, 13],
            ]),
            5e-9);

    [Theory]
    // The 97.5 % points of every printed table of t, times σ √(1/n + 1).
    [InlineData(2, 12.706)]
    [InlineData(3, 4.303)]
    [InlineData(4, 3.182)]
    [InlineData(6, 2.571)]
    [InlineData(10, 2.262)]
    public void A_baseline_lends_its_deviation_to_what_was_not_repeated(int n, double t)
    {
        var baseline = Enumerable.Range(0, n).Select(i => 50.0 + i).ToList();
        var rule = NoiseRule.Of([baseline, [70.0]]);
        var edge = baseline.Average() + (t * rule.Deviation!.Value * Math.Sqrt((1.0 / n) + 1));

        Assert.Equal(NoiseTest.Pooled, rule.Test);
        Assert.Equal(0.05, rule.P(baseline, [edge])!.Value, 5e-5);
    }

    [Fact]
    public void The_deviation_is_pooled_by_degrees_of_freedom_where_spreads_are_alike()
    {
        // Variances 4 (two degrees of freedom) and 1.58333 (two) and 0.5 (one).
        var rule = NoiseRule.Of([[80, 84, 82], [60, 62.5, 61], [40, 41], [7]]);

        Assert.Equal((NoiseTest.Pooled, 5), (rule.Test, rule.Freedom));
        Assert.Equal(Math.Sqrt(((2 * 4) + (2 * 1.5833333333) + 0.5) / 5), rule.Deviation!.Value, 1e-9);
    }

    [Fact]
    public void Without_repetitions_nothing_is_known()
    {
        var rule = NoiseRule.Of([[80], [60]]);

        Assert.Equal(NoiseTest.Nothing, rule.Test);
        Assert.Null(rule.P([80], [60]));
        Assert.False(NoiseRule.Carries(rule.P([80], [60])));
    }

    [Fact]
    public void Where_spreads_are_not_alike_what_was_not_repeated_cannot_be_judged()
    {
        var rule = NoiseRule.Of([[80, 80.1, 79.9], [60, 20, 95], [1]]);

        Assert.Equal(NoiseTest.Welch, rule.Test);
        Assert.Null(rule.P([80, 80.1, 79.9], [1]));
        Assert.NotNull(rule.P([80, 80.1, 79.9], [60, 20, 95]));
    }

    [Fact]
    public void No_spread_at_the_floor_is_lent_to_nobody()
    {
        var rule = NoiseRule.Of([[0, 0, 0], [0, 0, 0], [0.5]]);

        Assert.Equal((NoiseTest.Welch, null), (rule.Test, rule.Deviation));
        Assert.Null(rule.P([0, 0, 0], [0.5]));
        Assert.Equal(1, rule.P([0, 0, 0], [0, 0, 0]));
        Assert.Equal(0, rule.P([0, 0, 0], [5, 5, 5]));
        // 0.1 added up three times is not 0.3.
        Assert.Equal(1, NoiseRule.Of([[0.1, 0.1, 0.1], [0.1, 0.1]]).P([0.1, 0.1, 0.1], [0.1, 0.1]));
    }

    private static readonly Gen<double[]> s_sample = Gen.Int[-2000, 2000].Select(points => points / 20.0).Array[1, 6];

    [Fact]
    public void P_depends_on_nothing_but_the_numbers() => Gen.Select(s_sample, s_sample, s_sample, Gen.Double[0.01, 100], Gen.Double[-50, 50]).Sample(
        (a, b, c, scale, shift) =>
        {
            var rule = NoiseRule.Of([a, b, c]);
            var p = rule.P(a, b);

            Assert.True(p is null or (>= 0 and <= 1));
            Assert.Equal(p, rule.P(b, a));
            Near(p, NoiseRule.Of([[.. c.Reverse()], [.. b.Reverse()], [.. a.Reverse()]]).P([.. b.Reverse()], [.. a.Reverse()]));
            Near(p, NoiseRule.Of([Moved(a), Moved(b), Moved(c)]).P(Moved(a), Moved(b)));

            double[] Moved(double[] values) => [.. values.Select(value => shift + (scale * value))];
        },
        iter: 2000);

    [Fact]
    public void Further_apart_is_less_likely_chance() => Gen.Select(s_sample, s_sample, Gen.Double[0.1, 100]).Sample(
        (a, b, more) =>
        {
            var rule = NoiseRule.Of([a, b]);
            var further = b.Select(value => value + (a.Average() > b.Average() ? -more : more)).ToArray();

            Assert.Equal(rule.Test, NoiseRule.Of([a, further]).Test);
            Assert.True(rule.P(a, b) is not { } p || rule.P(a, further) <= p + 1e-9);
        },
        iter: 2000);

    /// <summary>What the level promises, tried: five rows that differ in nothing but chance, with spreads that are alike and with spreads that are not.</summary>
    [Theory]
    [InlineData(1, 1, 1, 1, 1, 3, 0.05)]
    [InlineData(1, 1, 1, 1, 1, 2, 0.05)]
    [InlineData(1, 1, 5, 20, 1, 3, 0.06)]
    [InlineData(1, 3, 1, 3, 3, 3, 0.08)]
    [InlineData(1, 1, 1, 1, 3, 3, 0.10)]
    public void Where_nothing_differs_a_difference_is_seldom_claimed(double a, double b, double c, double d, double e, int seeds, double mostClaimed)
    {
        const int experiments = 3000;
        var random = new Random(5);
        double[] spreads = [a, b, c, d, e];
        var (excluded, claimed) = (new int[spreads.Length], new int[spreads.Length]);
        for (var k = 0; k < experiments; k++)
        {
            var rows = spreads.Select(spread => Enumerable.Range(0, seeds).Select(_ => 50 + (spread * Normal(random))).ToArray()).ToList();
            var rule = NoiseRule.Of(rows);
            var best = rows.MaxBy(row => row.Average())!;
            for (var i = 0; i < rows.Count; i++)
            {
                excluded[i] += rows[i] != best && Claims(rule.P(best, rows[i])) ? 1 : 0;
                claimed[i] += rows.Exists(row => row != rows[i] && Claims(rule.P(row, rows[i]))) ? 1 : 0;
            }
        }

        Assert.All(excluded, count => Assert.InRange(count, 0, 0.05 * experiments));
        Assert.All(claimed, count => Assert.InRange(count, 0, mostClaimed * experiments));

        bool Claims(double? p) => NoiseRule.Carries(NoiseRule.Bonferroni(p, spreads.Length - 1));
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static void Near(double? expected, double? actual)
    {
        Assert.Equal(expected is null, actual is null);
        Assert.Equal(expected ?? 0, actual ?? 0, 1e-6);
    }
}
