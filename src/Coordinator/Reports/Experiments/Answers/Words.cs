using System.Globalization;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>Pieces of sentences.</summary>
internal static class Words
{
    /// <summary>"a", "a and b", "a, b and c", "a, b and 7 others".</summary>
    public static string List(IReadOnlyList<string> items, int most = 4)
    {
        if (items.Count <= 1)
        {
            return items.Count == 0 ? "nothing" : items[0];
        }

        return items.Count <= most
            ? $"{string.Join(", ", items.Take(items.Count - 1))} and {items[^1]}"
            : $"{string.Join(", ", items.Take(most - 1))} and {items.Count - most + 1} others";
    }

    /// <summary>The name of a row; in quotes where its own commas would mix with those around it.</summary>
    public static string Name(ResultRow row) => row.Label.Contains(',', StringComparison.Ordinal) ? $"“{row.Label}”" : row.Label;

    /// <summary>"4", "2.5": a multiple that somebody asked for.</summary>
    public static string Times(double multiple) => multiple.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>"3.95 times": a multiple that was measured.</summary>
    public static string Measured(double multiple) => $"{multiple.ToString("0.00", CultureInfo.InvariantCulture)} times";
}
