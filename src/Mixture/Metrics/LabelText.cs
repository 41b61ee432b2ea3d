using System.Globalization;

namespace Temper.Mixture.Metrics;

/// <summary>How T5 reads class ids and numbers back from text.</summary>
public static class LabelText
{
    /// <summary>What stands for a text that is no label and no number.</summary>
    public const int Invalid = -1;

    private const NumberStyles PythonFloat = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Position of exactly this text among the labels, case and blanks counting; <paramref name="otherwise"/> if it is none.</summary>
    public static int ToClassId(string text, IReadOnlyList<string> labels, int otherwise = Invalid)
    {
        var index = labels.Index().Where(label => string.Equals(label.Item, text, StringComparison.Ordinal)).Select(label => (int?)label.Index);
        return index.FirstOrDefault() ?? otherwise;
    }

    /// <summary>The number a text spells (<c>3.8</c>, <c>10.</c>, <c>1e-3</c>, <c>nan</c>, outer blanks allowed); <paramref name="otherwise"/> if it spells none.</summary>
    public static double ToNumber(string text, double otherwise = Invalid)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        return trimmed.TrimStart('+', '-').ToUpperInvariant() switch
        {
            _ when trimmed.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0 => otherwise,
            "NAN" when SignsOf(trimmed) <= 1 => double.NaN,
            "INF" or "INFINITY" when SignsOf(trimmed) <= 1 => trimmed[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity,
            _ => double.TryParse(trimmed, PythonFloat, CultureInfo.InvariantCulture, out var number) ? number : otherwise,
        };
    }

    internal static int[] ToClassIds(IReadOnlyList<string> texts, IReadOnlyList<string> labels)
    {
        var ids = labels.Index().ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
        return [.. texts.Select(text => ids.GetValueOrDefault(text, Invalid))];
    }

    private static int SignsOf(string text) => text.Length - text.TrimStart('+', '-').Length;
}
