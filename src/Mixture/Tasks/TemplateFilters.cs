using Temper.Mixture.Examples;

namespace Temper.Mixture.Tasks;

/// <summary>What may stand after the bar in <c>{column|filter}</c>.</summary>
public static class TemplateFilters
{
    /// <summary>Filter name → what it makes of a value. A filter throws <see cref="FormatException"/> for a value it cannot take.</summary>
    public static IReadOnlyDictionary<string, Func<string, string>> ByName { get; } = new SortedDictionary<string, Func<string, string>>(StringComparer.Ordinal)
    {
        ["fifths"] = SimilarityScore.Fifths,
        ["lower"] = text => text.ToLowerInvariant(),
        ["trim"] = text => text.Trim(),
    };
}
