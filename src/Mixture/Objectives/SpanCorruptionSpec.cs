using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Temper.Mixture.Objectives;

/// <summary>How much of a text is hidden, and in spans of which length (Raffel et al. 2020, sections 3.3.3 and 3.3.4).</summary>
/// <param name="NoiseDensity">Share of the tokens that are hidden.</param>
/// <param name="MeanSpan">Mean number of tokens in a hidden span.</param>
public sealed record SpanCorruptionSpec(
    [property: Description("Share of the tokens that are hidden; 0.15 in the paper (Raffel et al. 2020, section 3.3.3).")][property: Range(0.01, 0.5)] double NoiseDensity = 0.15,
    [property: Description("Mean number of tokens in a hidden span; 3 in the paper (section 3.3.4).")][property: Range(1.0, 100.0)] double MeanSpan = 3);
