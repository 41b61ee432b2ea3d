using Temper.Mixture.Metrics;

namespace Temper.Mixture.Tasks;

/// <summary>Checks the metrics of a spec: that they exist, and that they fit the labels.</summary>
internal static class MetricCheck
{
    public static IReadOnlyList<Metric> Of(IReadOnlyList<string>? names, IReadOnlyList<string>? labels, SpecErrors errors)
    {
        if (names is not { Count: > 0 })
        {
            errors.Add("metrics", $"No metric is given, so nobody could tell whether the model learns. Choose from {string.Join(", ", MetricCatalog.Names)}.");
            return [];
        }

        var metrics = new List<Metric>();
        foreach (var (index, name) in names.Index())
        {
            if (!MetricCatalog.TryGet(name, out var metric))
            {
                errors.Add($"metrics[{index}]", Suggestion.Unknown(name, "a metric", MetricCatalog.Names));
            }
            else if (metrics.Contains(metric))
            {
                errors.Add($"metrics[{index}]", $"'{metric.Name}' is listed twice. Remove one.");
            }
            else if (Collision(metric, metrics, labels) is var (other, key))
            {
                errors.Add($"metrics[{index}]", $"'{other.Name}' and '{metric.Name}' both report '{key}', so one would hide the other. Keep one of them; another task of the same files can have the other.");
            }
            else
            {
                metrics.Add(metric);
                if (metric.Objection(labels) is { } objection)
                {
                    errors.Add($"metrics[{index}]", objection);
                }
            }
        }

        return metrics;
    }

    // A report has one value for a name.
    private static (Metric Other, string Key)? Collision(Metric metric, IEnumerable<Metric> before, IReadOnlyList<string>? labels)
    {
        foreach (var other in before)
        {
            if (other.Keys(labels).Intersect(metric.Keys(labels), StringComparer.Ordinal).FirstOrDefault() is { } key)
            {
                return (other, key);
            }
        }

        return null;
    }
}
