using System.Globalization;
using Prometheus;

namespace Temper.Coordinator.Observability;

/// <summary>How long requests of REST take.</summary>
internal sealed class RequestMetrics(MetricRegistry registry)
{
    private readonly Histogram _duration = registry.Histogram("temper_http_request_duration_seconds", "Seconds to answer a request of REST, by the template of its route ('none' where there is no such route). Streams of events and requests that their caller gave up are left out.", MetricRegistry.FastBuckets, "route", "method", "code");

    /// <summary>A request was answered.</summary>
    public void Count(string route, string method, int code, TimeSpan duration) =>
        _duration.WithLabels(route, method, code.ToString(CultureInfo.InvariantCulture)).Observe(duration.TotalSeconds);
}
