namespace Temper.Mixture.Mixing;

/// <summary>The rate of a task: which share of the examples is drawn from it.</summary>
public static class MixingRates
{
    /// <summary>
    /// Rates that add up to 1: r ∝ min(n, K)^(1/T) (Raffel et al. 2020, section 3.5.2); proportional is T = 1, equal gives each task
    /// the same, explicit takes what tasks name.
    /// </summary>
    /// <param name="mixture">The strategy.</param>
    /// <param name="sizes">Training rows of each task, ≥ 0.</param>
    /// <param name="named">The rate each task names, for the explicit strategy; null elsewhere.</param>
    /// <exception cref="ArgumentException">No task has a rate above zero.</exception>
    public static double[] Compute(MixtureSpec mixture, IReadOnlyList<int> sizes, IReadOnlyList<double?> named)
    {
        // Relative to the largest task: a power of a size can exceed every number, one of a share cannot.
        var cap = Math.Min(mixture.Cap ?? long.MaxValue, sizes.Count == 0 ? 1 : sizes.Max());
        var exponent = mixture.Strategy == MixingStrategy.Temperature ? 1 / mixture.Temperature : 1;
        var raw = sizes.Select((size, task) => size == 0 ? 0 : mixture.Strategy switch
        {
            MixingStrategy.Equal => 1,
            MixingStrategy.Explicit => named[task] ?? 0,
            _ => Math.Pow(Math.Min(size, cap) / (double)cap, exponent),
        }).ToArray();
        var total = raw.Sum();
        if (!(total > 0))
        {
            throw new ArgumentException("No task of the mixture has a rate above zero.", nameof(sizes));
        }

        return [.. raw.Select(rate => rate / total)];
    }
}
