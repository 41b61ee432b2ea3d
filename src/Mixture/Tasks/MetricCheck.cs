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
}
