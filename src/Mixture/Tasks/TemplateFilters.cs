using System.Globalization;

namespace Temper.Mixture.Tasks;

/// <summary>What may stand after the bar in <c>{column|filter}</c>.</summary>
public static class TemplateFilters
{
    /// <summary>Filter name → what it makes of a value. A filter throws <see cref="FormatException"/> for a value it cannot take.</summary>
    public static IReadOnlyDictionary<string, Func<string, string>> ByName { get; } = new SortedDictionary<string, Func<string, string>>(StringComparer.Ordinal)
    {
        ["fifths"] = Fifths,
        ["lower"] = text => text.ToLowerInvariant(),
        ["trim"] = text => text.Trim(),
    };

    /// <summary>
    /// STS-B's scores as T5 writes them: rounded to fifths in 32-bit floats, ties to even, one decimal. 4.5 → <c>4.4</c>.
    /// </summary>
    public static string Fifths(string score) =>
        float.TryParse(score, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && float.IsFinite(value)
            ? (MathF.Round(value * 5, MidpointRounding.ToEven) / 5).ToString("0.0", CultureInfo.InvariantCulture)
            : throw new FormatException($"'{score}' is not a number, which the filter 'fifths' needs.");
}
