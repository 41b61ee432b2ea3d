using Temper.Mixture.Examples;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>Reads the rows of a plan's splits.</summary>
internal sealed class SplitLoader(TaskPlan plan, string path, CancellationToken ct)
{
    private static readonly StringComparer Ordinal = StringComparer.Ordinal;

    /// <exception cref="SpecException">A row does not fit the spec, or a split came out empty.</exception>
    public IReadOnlyList<TextExample> Load(string name)
    {
        if (plan.Splits.FirstOrDefault(split => split.Name == name) is not { } split)
        {
            return [];
        }

        var heldOut = HeldOutKeys(split);
        Func<Row, TextExample> make = name == SplitCheck.Train ? plan.Maker.Make : WithOrWithoutLabels();
        var examples = Documents(split)
            .Where(rows => !heldOut.Contains(Key(rows, split.HoldOutBy)))
            .Select(rows => Make(rows, make))
            .Where(example => !plan.IsText || !string.IsNullOrWhiteSpace(example.Inputs));
        List<TextExample> loaded = [.. Reported(split, examples)];
        return loaded.Count > 0 ? loaded : throw Refused(name, "No row is left for this split. Widen 'share', or check 'hold_out_by'.");
    }

    // All rows of a split, or none: a label that is missing among others is a mistake.
    private Func<Row, TextExample> WithOrWithoutLabels()
    {
        string? without = null;
        var labelled = false;
        return row =>
        {
            var lacks = plan.Maker.LacksLabel(row);
            without ??= lacks ? row.Place : null;
            labelled |= !lacks;
            return without is not null && labelled ? throw new SourceException(without, "The row has no label, and other rows of the split have one. Give it one, or leave the row out.")
                : lacks ? plan.Maker.WithoutLabel(row)
                : plan.Maker.Make(row);
        };
    }

    private HashSet<string> HeldOutKeys(SplitPlan train)
    {
        if (train.HoldOutBy is null)
        {
            return [];
        }

        var others = plan.Splits.Where(split => split.Name != train.Name);
        return others
            .SelectMany(split => Reported(split, Documents(split)).Select(rows => Key(rows, train.HoldOutBy)))
            .ToHashSet(Ordinal);
    }

    private static string Key(Row[] rows, IReadOnlyList<string>? columns) =>
        columns is null ? "" : string.Join('\u001F', rows.SelectMany(row => columns.Select(column => row[column])));

    private static TextExample Make(Row[] rows, Func<Row, TextExample> make) => rows is [var row]
        ? make(row)
        : new TextExample(string.Join('\n', rows.Select(row => make(row).Inputs)), "");

    // What is kept or left out as a whole: a row, but of a text in lines a document.
    private IEnumerable<Row[]> Documents(SplitPlan split)
    {
        var linesOfText = plan.IsText && split.Parallel is null && split.Shape.Format == SourceFormat.Text;
        return split.Sources
            .SelectMany(source => linesOfText ? Joined(source.Rows) : source.Rows.Select(row => new[] { row }))
            .Where(rows => split.Share?.Holds(rows) ?? true);
    }

    // A line is blank if the spec makes no text of it: a mark between two documents may be anything that a pattern finds.
    private IEnumerable<Row[]> Joined(IEnumerable<Row> lines)
    {
        var document = new List<Row>();
        foreach (var line in lines)
        {
            if (!string.IsNullOrWhiteSpace(plan.Maker.Make(line).Inputs))
            {
                document.Add(line);
            }
            else if (document.Count > 0)
            {
                yield return [.. document];
                document.Clear();
            }
        }

        if (document.Count > 0)
        {
            yield return [.. document];
        }
    }

    private IEnumerable<T> Reported<T>(SplitPlan split, IEnumerable<T> items)
    {
        using var enumerator = items.GetEnumerator();
        while (Next(split, enumerator))
        {
            yield return enumerator.Current;
        }
    }

    private bool Next<T>(SplitPlan split, IEnumerator<T> items)
    {
        ct.ThrowIfCancellationRequested();
        try
        {
            return items.MoveNext();
        }
        catch (SourceException e)
        {
            throw Refused(split.Name, e.Message, e);
        }
    }

    private SpecException Refused(string place, string message, Exception? inner = null) =>
        new([new SpecError($"{path}.{place}", message)], inner);
}
