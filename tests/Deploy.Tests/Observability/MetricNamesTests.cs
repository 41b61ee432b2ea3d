using Prometheus;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Observability;

/// <summary>The names that dashboards and alerts of operators ask for.</summary>
public class MetricNamesTests
{
    [Fact]
    public void Metrics_have_the_names_and_labels_that_they_had() => FormatFile.Is("metrics.txt", string.Join('\n', DeclaredMetrics.Own
        .Select(metric => $"{metric.Name} {Kind(metric)} {string.Join(' ', metric.LabelNames)}".TrimEnd())
        .Order(StringComparer.Ordinal)));

    private static string Kind(Collector metric) => metric switch
    {
        Counter => "counter",
        Gauge => "gauge",
        Histogram => "histogram",
        _ => metric.GetType().Name,
    };
}
