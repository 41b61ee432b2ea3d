using System.Globalization;

namespace Temper.Mixture.Mixing;

/// <summary>The rate of a task: which share of the examples is drawn from it.</summary>
public static class MixingRates
{
    /// <summary>The largest rate that a task may name: sums of larger ones would say nothing of small ones.</summary>
    public const double Largest = 1e15;

    /// <summary>Why a number is no rate of a task and what would be; null if it is one.</summary>
    public static string? Objection(double rate) => rate switch
    {
        >= 0 and <= Largest => null,
        > Largest => string.Create(CultureInfo.InvariantCulture, $"The rate {rate} is too large to be compared with others. Rates count by their ratios; write at most {Largest:0e+0}."),
        _ => string.Create(CultureInfo.InvariantCulture, $"{rate} is not a rate. Write 0 (evaluate only) or a positive number."),
    };

    /// <summary>
    /// Rates that add up to 1: r ∝ min(n, K)^(1/T) (Raffel et al. 2020, section 3.5.2); proportional is T = 1, equal gives each task
    /// the same, explicit takes what tasks name.
    /// </summary>
    /// <param name="mixture">The strategy.</param>
    /// <param name="sizes">Training rows of each task, ≥ 0.</param>
    /// <param name="named">The rate each task names, for the explicit strategy; null elsewhere.</param>
    /// <returns>The rates; all 0 where nothing can be drawn, as where all tasks are only evaluated.</returns>
    public static double[] Compute(MixtureSpec mixture, IReadOnlyList<int> sizes, IReadOnlyList<double?> named)
    {
        // Relative to the largest task: a power of a size can exceed every number, one of a share cannot.
        var cap = Math.Min(mixture.Cap ?? long.MaxValue, Math.Max(1, sizes.DefaultIfEmpty().Max()));
        var exponent = mixture.Strategy == MixingStrategy.Temperature ? 1 / mixture.Temperature : 1;
        var raw = sizes.Select((size, task) => size == 0 ? 0 : mixture.Strategy switch
        {
            MixingStrategy.Equal => 1,
            MixingStrategy.Explicit => named[task] ?? 0,
            _ => Math.Pow(Math.Min(size, cap) / (double)cap, exponent),
        }).ToArray();
        var total = raw.Sum();
        return total > 0 ? [.. raw.Select(rate => rate / total)] : new double[raw.Length];
    }
}
