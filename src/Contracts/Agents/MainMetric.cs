namespace Temper.Contracts.Agents;

/// <summary>
/// Which of a task's metrics is meant where one number has to stand for the task: the first. Metrics are in the order in which the task declares
/// them, and of a metric with several values its main one comes first (ROUGE-2, exact match). Everything that averages, compares or says "best" asks here.
/// </summary>
public static class MainMetric
{
    /// <summary>The name of the main metric; null where there is none, as for a task that is judged by its loss.</summary>
    /// <param name="metrics">Metric → value of an evaluation. What was read from JSON has the order of the text: nothing is ever removed from it.</param>
    public static string? Of(IReadOnlyDictionary<string, double?> metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        return Of([.. metrics.Keys]);
    }

    /// <summary>The same of the names alone.</summary>
    public static string? Of(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return names.Count == 0 ? null : names[0];
    }
}
