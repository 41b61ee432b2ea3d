namespace Temper.Mixture.Sources;

/// <summary>
/// A part of the rows: those whose hash lies in [<paramref name="From"/>, <paramref name="To"/>). Shares that meet without
/// overlapping hold every row exactly once, and rows that agree in the hashed columns stay together.
/// </summary>
/// <param name="From">Lower end, included.</param>
/// <param name="To">Upper end, excluded.</param>
/// <param name="By">Columns that are hashed; null for all columns of the row.</param>
public sealed record Share(double From, double To, IReadOnlyList<string>? By = null)
{
    /// <summary>Whether a row belongs to this share, or all rows of a document together.</summary>
    public bool Holds(params ReadOnlySpan<Row> rows)
    {
        var values = new List<string>();
        foreach (var row in rows)
        {
            values.AddRange((By ?? row.Columns).Select(column => row[column]));
        }

        var hash = TextHash.Unit([.. values]);
        return hash >= From && hash < To;
    }
}
