namespace Temper.Coordinator.Reports.Experiments;

/// <summary>What the one in front is compared with.</summary>
/// <param name="Entry">The other.</param>
/// <param name="P">p-value of their difference, adjusted for the number of comparisons; null where nothing is known.</param>
internal sealed record Against(Entry Entry, double? P);

/// <summary>Who is in front of a column, and whether noise lets one say so.</summary>
/// <param name="Best">The one in front.</param>
/// <param name="Others">The others, the next best first.</param>
/// <param name="Column">The column.</param>
/// <param name="Rule">What differences are judged by.</param>
internal sealed record Leader(Entry Best, IReadOnlyList<Against> Others, int Column, NoiseRule Rule)
{
    public double Score => Best.Mean(Column)!.Value;

    /// <summary>The next best; null if it is alone.</summary>
    public Entry? Next => Others.Count == 0 ? null : Others[0].Entry;

    /// <summary>Those that the test does not tell from the one in front.</summary>
    public IReadOnlyList<Entry> Tied => [.. Others.Where(other => other.P is { } p && !NoiseRule.Carries(p)).Select(other => other.Entry)];

    /// <summary>Those that cannot be judged: they were not repeated, and there is no deviation that they could borrow.</summary>
    public IReadOnlyList<Entry> Unknown => [.. Others.Where(other => other.P is null).Select(other => other.Entry)];

    /// <summary>Whether it is the best beyond noise: all others were told from it.</summary>
    public bool IsBest => Others.Count > 0 && Others.All(other => NoiseRule.Carries(other.P));

    /// <summary>Whether all have the same score.</summary>
    public bool AllEqual => Others.Count > 0 && Others.All(other => Spread.AreEqual(other.Entry.Mean(Column)!.Value, Score));

    /// <summary>Whether the column tells nobody from the one in front.</summary>
    public bool TellsNothing => Others.Count > 0 && !Others.Any(other => NoiseRule.Carries(other.P));

    /// <summary>The largest of the adjusted p-values; 0 if there is none.</summary>
    public double LargestP => Others.Max(other => other.P) ?? 0;

    /// <summary>Whether a row is bold: the one in front, or not told from it. Nothing is where it can be told from nobody for want of repetitions, or where all are equal.</summary>
    public bool IsBold(ResultRow row) => !AllEqual && (IsBest || Tied.Count > 0) && (Best.Has(row) || Tied.Any(entry => entry.Has(row)));
}
