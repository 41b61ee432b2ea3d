using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Temper.Mixture.Mixing;

/// <summary>How the rates of tasks follow from their sizes.</summary>
public enum MixingStrategy
{
    /// <summary>r = min(n, cap).</summary>
    Proportional,

    /// <summary>r = min(n, cap)^(1/temperature).</summary>
    Temperature,

    /// <summary>All rates equal.</summary>
    Equal,

    /// <summary>The rate that each task names.</summary>
    Explicit,
}

/// <summary>How tasks are mixed (Raffel et al. 2020, section 3.5.2).</summary>
public sealed record MixtureSpec(
    [property: Description("How the rate r of a task follows from its number of examples n and the cap K. proportional: r = min(n, K). temperature: r = min(n, K)^(1/T). equal: all the same. explicit: the rate that each task names.")] MixingStrategy Strategy = MixingStrategy.Proportional,
    [property: Description("Temperature T of the strategy temperature, and of no other; 1 is proportional, infinity would be equal.")]
    [property: Range(0.01, 1e6)] double Temperature = 1.0,
    [property: Description("Cap K on the size of a task, the paper's artificial limit (2^19 proportional, 2^21 with T = 2), for the strategies proportional and temperature; none if not given.")]
    [property: Range(1L, long.MaxValue)] long? Cap = null);
