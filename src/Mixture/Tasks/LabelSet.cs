using System.Globalization;

namespace Temper.Mixture.Tasks;

/// <summary>The valid answers of a task, from <see cref="TaskSpec.Labels"/> or <see cref="TaskSpec.LabelRange"/>.</summary>
internal static class LabelSet
{
    private const int MaxLabels = 10_000;

    /// <summary>Labels in class-id order; null for free text or where there were errors.</summary>
    public static IReadOnlyList<string>? Of(TaskSpec spec, SpecErrors errors)
    {
        if (spec.Labels is not null && spec.LabelRange is not null)
        {
            errors.Add("label_range", "'labels' and 'label_range' are both given. Keep 'labels' for classes, 'label_range' for a regression.");
            return null;
        }

        if (spec.LabelRange is { } range)
        {
            return Expand(range, errors);
        }

        Check(spec.Labels, errors);
        return spec.Labels is { Count: > 0 } ? spec.Labels : null;
    }

    private static void Check(IReadOnlyList<string>? labels, SpecErrors errors)
    {
        if (labels is { Count: 0 })
        {
            errors.Add("labels", "The list is empty. List the valid answers in class-id order, or leave 'labels' out for free text.");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, label) in (labels ?? []).Index())
        {
            if (string.IsNullOrEmpty(label))
            {
                errors.Add($"labels[{index}]", "The label is empty. A model cannot answer with nothing; give it a word.");
            }
            else if (!seen.Add(label))
            {
                errors.Add($"labels[{index}]", $"'{label}' is listed twice. Every label is one class; remove one.");
            }
        }
    }

    private static List<string>? Expand(IReadOnlyList<double> range, SpecErrors errors)
    {
        const string Remedy = "Give [from, to, step] in multiples of 0.1 with from < to and step > 0, such as [0, 5, 0.2].";
        if (range.Count != 3 || range.Any(x => !double.IsFinite(x) || Math.Abs(x) > 1e6))
        {
            errors.Add("label_range", $"[{Written(range)}] is not a range. {Remedy}");
            return null;
        }

        // Decimals: 0.2 has no exact binary form, and 26 sums of it would show.
        var (from, to, step) = ((decimal)range[0], (decimal)range[1], (decimal)range[2]);
        if (step <= 0 || from >= to || (to - from) % step != 0 || from * 10 % 1 != 0 || step * 10 % 1 != 0 || (to - from) / step >= MaxLabels)
        {
            errors.Add("label_range", $"[{Written(range)}] does not give labels with one decimal (at most {MaxLabels}). {Remedy}");
            return null;
        }

        var count = (int)((to - from) / step) + 1;
        return [.. Enumerable.Range(0, count).Select(i => (from + (i * step)).ToString("0.0", CultureInfo.InvariantCulture))];
    }

    private static string Written(IReadOnlyList<double> range) =>
        string.Join(", ", range.Select(x => x.ToString(CultureInfo.InvariantCulture)));
}
