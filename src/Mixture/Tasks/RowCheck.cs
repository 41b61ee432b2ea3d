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
        // Rows that are evaluated may have no label, but a target that no split has is misspelt.
        var labelled = plan.Splits.Any(split => split.Name == SplitCheck.Train) || HasTargets(plan);
        foreach (var split in plan.Splits)
        {
            foreach (var (place, rows) in split.Sources)
            {
                Try(plan, split, labelled && split.Name != SplitCheck.Train, place, rows, missing, errors);
            }
        }
    }

    private static bool HasTargets(TaskPlan plan)
    {
        try
        {
            return plan.Splits.SelectMany(split => split.Sources).Any(source => source.Rows.Take(RowsTried).Any(row => plan.Maker.TargetColumns.All(column => row.TryGet(column, out _))));
        }
        catch (SourceException)
        {
            // It is reported where the rows are tried.
            return true;
        }
    }

    private static void Try(
        TaskPlan plan, SplitPlan split, bool mayLackLabels, string place, IEnumerable<Row> rows, HashSet<(string Place, string Column)> missing, SpecErrors errors)
    {
        try
        {
            foreach (var row in rows.Take(RowsTried))
            {
                var lacksLabel = mayLackLabels && plan.Maker.LacksLabel(row);
                var uses = plan.Maker.MissingFrom(row).Where(use => !lacksLabel || use.Place == "inputs" || !plan.Maker.TargetColumns.Contains(use.Column));
                if (RefuseMissing([.. uses, .. split.MissingFrom(row)], row, missing, errors))
                {
                    return;
                }

                if (plan.RowsUsable)
                {
                    _ = lacksLabel ? plan.Maker.WithoutLabel(row) : plan.Maker.Make(row);
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
