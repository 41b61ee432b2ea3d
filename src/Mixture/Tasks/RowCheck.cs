using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>Tries a plan on the first rows of each of its files: the mistakes that only the data can show.</summary>
internal static class RowCheck
{
    // Enough to meet a wrong column, map or label; few enough to check a spec while someone waits.
    private const int RowsTried = 100;

    public static void Check(TaskPlan plan, SpecErrors errors)
    {
        if (!plan.RowsReadable)
        {
            return;
        }

        // A column that is missing is missing in most files; it is one mistake.
        var missing = new HashSet<(string Place, string Column)>();
        foreach (var split in plan.Splits)
        {
            foreach (var (place, rows) in split.Sources)
            {
                Try(plan, split, place, rows, missing, errors);
            }
        }
    }

    private static void Try(TaskPlan plan, SplitPlan split, string place, IEnumerable<Row> rows, HashSet<(string Place, string Column)> missing, SpecErrors errors)
    {
        try
        {
            foreach (var row in rows.Take(RowsTried))
            {
                if (RefuseMissing([.. plan.Maker.MissingFrom(row), .. split.MissingFrom(row)], row, missing, errors))
                {
                    return;
                }

                if (plan.RowsUsable)
                {
                    plan.Maker.Make(row);
                }
            }
        }
        catch (SourceException e)
        {
            errors.Add(place, e.Message);
        }
    }

    private static bool RefuseMissing(IReadOnlyList<(string Place, string Column)> uses, Row row, HashSet<(string Place, string Column)> missing, SpecErrors errors)
    {
        foreach (var use in uses.Where(missing.Add))
        {
            errors.Add(use.Place, Suggestion.Unknown(use.Column, $"a column of {row.Place}", [.. row.Columns]) + OtherFormat(row));
        }

        return uses.Count > 0;
    }

    // What is read as another format than it is has its whole first line for its only column.
    private static string OtherFormat(Row row) => row.Columns.ToList() switch
    {
        [['{', ..]] => " The lines look like JSON objects: write format: jsonl.",
        [var line] when line.Contains('\t', StringComparison.Ordinal) => " The first line has tabs: write format: tsv.",
        [var line] when line.Contains(',', StringComparison.Ordinal) => " The first line has commas: write format: csv.",
        _ => "",
    };
}
