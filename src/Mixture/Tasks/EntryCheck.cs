namespace Temper.Mixture.Tasks;

/// <summary>Finds entries without a value: a line that ends after its dash in YAML, or a null in JSON.</summary>
internal static class EntryCheck
{
    public static void Check(TaskSpec spec, SpecErrors errors)
    {
        if (spec.Encoding is null)
        {
            errors.Add("encoding", "The encoding has no value. Write utf-8 or latin-1, or leave it out.");
        }

        foreach (var (place, entries) in ListsOf(spec))
        {
            foreach (var (index, _) in (entries ?? []).Index().Where(entry => entry.Item is null))
            {
                errors.Add($"{place}[{index}]", "The entry has no value. Give it one, or remove it.");
            }
        }

        foreach (var (column, texts) in spec.Map ?? new Dictionary<string, IReadOnlyDictionary<string, string>>())
        {
            foreach (var raw in (texts?.Keys ?? []).Where(raw => texts![raw] is null))
            {
                errors.Add($"map.{column}.{raw}", "The raw value has no text. Give it one, or remove it.");
            }
        }
    }

    private static IEnumerable<(string Place, IReadOnlyList<string>? Entries)> ListsOf(TaskSpec spec)
    {
        yield return ("columns", spec.Columns);
        yield return ("labels", spec.Labels);
        yield return ("metrics", spec.Metrics);
        foreach (var (name, split) in new[] { ("train", spec.Train), ("validation", spec.Validation), ("test", spec.Test) })
        {
            yield return ($"{name}.files", split?.Files);
            yield return ($"{name}.share_by", split?.ShareBy);
            yield return ($"{name}.hold_out_by", split?.HoldOutBy);
        }
    }
}
