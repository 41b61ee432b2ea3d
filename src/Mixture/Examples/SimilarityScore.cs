using System.Globalization;

namespace Temper.Mixture.Examples;

/// <summary>How a degree of similarity, 0 to 5, is written as a target.</summary>
public static class SimilarityScore
{
    /// <summary>
    /// STS-B's scores as T5 writes them: rounded to fifths in 32-bit floats, ties to even, one decimal. 4.5 → <c>4.4</c>.
    /// </summary>
    public static string Fifths(string score) =>
        float.TryParse(score, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && float.IsFinite(value)
            ? (MathF.Round(value * 5, MidpointRounding.ToEven) / 5).ToString("0.0", CultureInfo.InvariantCulture)
            : throw new FormatException($"'{score}' is not a number, which the filter 'fifths' needs.");
}
