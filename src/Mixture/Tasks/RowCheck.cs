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

        foreach (var split in plan.Splits)
        {
            foreach (var (place, rows) in split.Sources)
            {
                Try(plan, split, place, rows, errors);
            }
        }
    }

    private static void Try(TaskPlan plan, SplitPlan split, string place, IEnumerable<Row> rows, SpecErrors errors)
    {
        try
        {
            foreach (var row in rows.Take(RowsTried))
            {
                if (RefuseMissing(plan, split, row, errors))
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

    private static bool RefuseMissing(TaskPlan plan, SplitPlan split, Row row, SpecErrors errors)
    {
        var missing = plan.Maker.MissingFrom(row).Concat(split.MissingFrom(row)).ToList();
        foreach (var (place, column) in missing)
        {
            errors.Add(place, $"{Suggestion.Unknown(column, $"a column of {row.Place}", [.. row.Columns])}");
        }

        return missing.Count > 0;
    }
}
