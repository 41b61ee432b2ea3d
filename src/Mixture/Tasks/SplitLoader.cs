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
        var examples = Rows(split)
            .Where(row => !heldOut.Contains(Key(row, split.HoldOutBy)))
            .Select(plan.Maker.Make)
            .Where(example => plan.KeepsBlank || !string.IsNullOrWhiteSpace(example.Inputs));
        List<TextExample> loaded = [.. Reported(split, examples)];
        return loaded.Count > 0 ? loaded : throw Refused(name, "No row is left for this split. Widen 'share', or check 'hold_out_by'.");
    }

    private HashSet<string> HeldOutKeys(SplitPlan train)
    {
        if (train.HoldOutBy is null)
        {
            return [];
        }

        var others = plan.Splits.Where(split => split.Name != train.Name);
        return others
            .SelectMany(split => Reported(split, Rows(split)).Select(row => Key(row, train.HoldOutBy)))
            .ToHashSet(Ordinal);
    }

    private static string Key(Row row, IReadOnlyList<string>? columns) =>
        columns is null ? "" : string.Join('\u001F', columns.Select(column => row[column]));

    private static IEnumerable<Row> Rows(SplitPlan split) =>
        split.Sources.SelectMany(source => source.Rows).Where(row => split.Share?.Holds(row) ?? true);

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
