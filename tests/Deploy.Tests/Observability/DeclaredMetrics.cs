using Microsoft.Extensions.DependencyInjection;
using Prometheus;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Worker.Observability;

namespace Temper.Deploy.Tests.Observability;

/// <summary>What the programs declare, and what comes from elsewhere.</summary>
internal static class DeclaredMetrics
{
    // Made by Prometheus itself, and by the library for every process.
    private static readonly string[] s_foreign = ["up", "process_working_set_bytes", "process_cpu_seconds_total"];
    private static readonly string[] s_targetLabels = ["job", "instance"];

    public static IReadOnlyList<Collector> Own { get; } =
    [
        .. new ServiceCollection()
            .AddSingleton(new CoordinatorOptions { StateDirectory = "", OutputRoot = "", DataRoots = [], AgentToken = "x" })
            .AddSingleton(new Clock(TimeProvider.System))
            .AddMetricSets()
            .BuildServiceProvider()
            .DeclareMetrics().Declared,
        .. new AgentMetrics().Declared,
    ];

    /// <summary>The labels of a series by its name in queries; null if nothing has that name.</summary>
    public static IReadOnlyList<string>? LabelsOf(string series)
    {
        if (RuleFile.Recorded.TryGetValue(series, out var rule))
        {
            return [.. rule.Metrics.SelectMany(metric => LabelsOf(metric.Name) ?? [])];
        }

        if (s_foreign.Contains(series))
        {
            return s_targetLabels;
        }

        return Own.FirstOrDefault(metric => NamesOf(metric).Contains(series)) is { } own
            ? [.. s_targetLabels, .. own.LabelNames, .. series.EndsWith("_bucket", StringComparison.Ordinal) ? ["le"] : Array.Empty<string>()]
            : null;
    }

    /// <summary>The names of its series.</summary>
    public static IReadOnlyList<string> NamesOf(Collector metric) =>
        metric is Histogram ? [$"{metric.Name}_bucket", $"{metric.Name}_sum", $"{metric.Name}_count"] : [metric.Name];
}
