using MathNet.Numerics.Distributions;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>How differences of a column are told from chance.</summary>
public enum NoiseTest
{
    /// <summary>Nothing was repeated: nothing is known about noise, and no difference is claimed.</summary>
    Nothing,

    /// <summary>Student's t-test with one standard deviation, that of the only row that was repeated or pooled over rows whose spreads are alike.</summary>
    Pooled,

    /// <summary>Welch's t-test: each row has its own standard deviation.</summary>
    Welch,

    /// <summary>The column's metric is not defined in most runs: what is left would be a selection, and no difference is claimed.</summary>
    Undefined,
}

/// <summary>
/// The one rule by which scores are said to differ, in sentences, bold and plots alike. Raffel et al. 2020 (section 3.1.1) take the standard deviation σ of
/// their repeated baseline as that of every variant. So does this rule where it may: σ is that of the only row that was repeated, or pooled over several whose
/// spreads are alike by Bartlett's test, and two-sided Student's t-test with the degrees of freedom of σ judges the difference of two means. (With σ of ten
/// repetitions, ten against one, that is 2.4 σ, near to the 2 σ of the paper; with σ of three it is 5 σ.) Where spreads are not alike, two-sided Welch's
/// t-test takes the deviations of the two rows themselves, and a row that was not repeated cannot be judged.
/// </summary>
/// <remarks>
/// Bartlett's test and not Levene's or Brown and Forsythe's: those work with distances from the centre of a group, which for groups of two or three are nearly
/// fixed, so that they would call everything alike. Its level is 25 %, since a wrong "alike" makes false claims and a wrong "not alike" only loses power:
/// with three repetitions, and one of five rows spread three times as widely as the others, 10 % would let 11 % of columns in which nothing differs claim
/// something of that row, 25 % lets 9 %; with equal spreads it is 5 %, and no row is told from the best more often than that (the tests try it).
/// Several comparisons at once: see <see cref="Bonferroni"/>.
/// </remarks>
internal sealed class NoiseRule
{
    /// <summary>Level of a claim, after adjustment.</summary>
    public const double Level = 0.05;

    /// <summary>Level of the test whether spreads are alike.</summary>
    public const double AlikeLevel = 0.25;

    private NoiseRule(NoiseTest test, double? deviation, int freedom)
    {
        (Test, Deviation, Freedom) = (test, deviation, freedom);
    }

    /// <summary>The rule of a column in which nothing may be claimed.</summary>
    public static NoiseRule None { get; } = new(NoiseTest.Nothing, null, 0);

    /// <summary>The rule of a column whose metric is not defined in most runs.</summary>
    public static NoiseRule Undefined { get; } = new(NoiseTest.Undefined, null, 0);

    /// <summary>What differences are judged by.</summary>
    public NoiseTest Test { get; }

    /// <summary>Standard deviation of one repetition that all rows share; null where they share none.</summary>
    public double? Deviation { get; }

    /// <summary>Degrees of freedom of <see cref="Deviation"/>.</summary>
    public int Freedom { get; }

    /// <summary>The rule of a column.</summary>
    /// <param name="groups">What the repetitions of each row scored.</param>
    public static NoiseRule Of(IEnumerable<IReadOnlyCollection<double>> groups)
    {
        var repeated = groups.Where(group => group.Count >= 2).ToList();
        if (repeated.Count == 0)
        {
            return None;
        }

        // A spread of exactly 0 is that of scores at the floor or the ceiling, and says nothing about rows that are elsewhere.
        return Spread.Pooled(repeated) is { } deviation && deviation > 0 && AreAlike(repeated)
            ? new NoiseRule(NoiseTest.Pooled, deviation, repeated.Sum(group => group.Count - 1))
            : new NoiseRule(NoiseTest.Welch, null, 0);
    }

    /// <summary>Whether the spreads of groups of at least two values are alike: whether Bartlett's test does not tell them apart.</summary>
    public static bool AreAlike(IReadOnlyList<IReadOnlyCollection<double>> groups) => BartlettP(groups) >= AlikeLevel;

    /// <summary>The p-value of Bartlett's test (1937) of equal variances; 1 for a single group, 0 where some spreads are 0 and others are not.</summary>
    public static double BartlettP(IReadOnlyList<IReadOnlyCollection<double>> groups)
    {
        var variances = groups.Select(Variance).ToList();
        if (groups.Count < 2 || variances.TrueForAll(variance => variance == 0))
        {
            return 1;
        }

        if (variances.Contains(0))
        {
            return 0;
        }

        var freedoms = groups.Select(group => group.Count - 1.0).ToList();
        var (k, freedom) = (groups.Count, freedoms.Sum());
        var pooled = freedoms.Zip(variances, (f, variance) => f * variance).Sum() / freedom;
        var statistic = (freedom * Math.Log(pooled)) - freedoms.Zip(variances, (f, variance) => f * Math.Log(variance)).Sum();
        var correction = 1 + ((freedoms.Sum(f => 1 / f) - (1 / freedom)) / (3 * (k - 1)));
        return 1 - ChiSquared.CDF(k - 1, Math.Max(0, statistic / correction));
    }

    /// <summary>The two-sided p-value of the difference of two means; null where nothing is known about it.</summary>
    /// <param name="first">Repetitions; at least one.</param>
    /// <param name="second">Repetitions of what it is compared with; at least one.</param>
    public double? P(IReadOnlyCollection<double> first, IReadOnlyCollection<double> second)
    {
        var (one, other) = (Spread.Mean(first)!.Value, Spread.Mean(second)!.Value);
        var difference = Spread.AreEqual(one, other) ? 0 : Math.Abs(one - other);
        return Test switch
        {
            NoiseTest.Pooled => TwoSided(difference, Deviation!.Value * Deviation.Value * ((1.0 / first.Count) + (1.0 / second.Count)), Freedom),
            NoiseTest.Welch when first.Count >= 2 && second.Count >= 2 => Welch(difference, first, second),
            _ => null,
        };
    }

    /// <summary>
    /// Bonferroni's p-value: times the number of comparisons beside it, which are those of one row (the best, or what others are held against) with each other row
    /// of the column. Of comparisons with the best that means: the truly best row is among those that are not told from the one in front in 95 % of all experiments,
    /// although which one is in front is chance too (subset selection, Gupta 1965). Columns are questions of their own, as in the tables of the paper.
    /// </summary>
    public static double? Bonferroni(double? p, int comparisons) => p is { } value ? Math.Min(1, value * comparisons) : null;

    /// <summary>Whether an adjusted p-value carries a claim.</summary>
    public static bool Carries(double? p) => p <= Level;

    private static double Welch(double difference, IReadOnlyCollection<double> first, IReadOnlyCollection<double> second)
    {
        var (a, b) = (Variance(first) / first.Count, Variance(second) / second.Count);
        return a + b == 0
            ? TwoSided(difference, 0, 1)
            : TwoSided(difference, a + b, (a + b) * (a + b) / ((a * a / (first.Count - 1)) + (b * b / (second.Count - 1))));
    }

    // Without any spread: the limit.
    private static double TwoSided(double difference, double variance, double freedom) =>
        difference == 0 ? 1 : variance == 0 ? 0 : Math.Min(1, 2 * StudentT.CDF(0, 1, freedom, -difference / Math.Sqrt(variance)));

    private static double Variance(IReadOnlyCollection<double> values) => Spread.Deviation(values) is { } deviation ? deviation * deviation : 0;
}
