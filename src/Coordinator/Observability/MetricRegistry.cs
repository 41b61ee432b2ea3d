using System.Text.Json;
using Prometheus;

namespace Temper.Coordinator.Observability;

/// <summary>
/// Everything that a coordinator's <c>/metrics</c> shows, in a registry of its own so that two coordinators in one process count apart. Labels are
/// small closed sets; a run or an experiment is named by gauges alone, and only until it ends. Of several coordinators each counts what happens
/// in it (dashboards add up), each shows what the store says (the same from all: dashboards take the largest), and the owner of a run or of the
/// pool alone shows what only it knows. docs/decisions/0010-metrics.md says why.
/// </summary>
internal sealed class MetricRegistry : IDisposable
{
    /// <summary>Bounds in seconds, for what takes milliseconds to seconds.</summary>
    public static readonly double[] FastBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    /// <summary>Bounds in seconds, for what takes seconds to minutes.</summary>
    public static readonly double[] SlowBuckets = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];

    private readonly List<Collector> _declared = [];
    private readonly List<Func<Task>> _fill = [];
    private readonly MetricFactory _make;
    private readonly SemaphoreSlim _oneAtATime = new(1);

    public MetricRegistry()
    {
        _make = Metrics.WithCustomRegistry(Registry);
        DotNetStats.Register(Registry);
        Registry.AddBeforeCollectCallback(FillAsync);
    }

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    /// <summary>Everything of Temper's own that is exported, to check dashboards and rules against.</summary>
    public IReadOnlyList<Collector> Declared => _declared;

    public Counter Counter(string name, string help, params string[] labels) => Declare(_make.CreateCounter(name, help, labels));

    public Gauge Gauge(string name, string help, params string[] labels) => Declare(_make.CreateGauge(name, help, new GaugeConfiguration { LabelNames = labels, SuppressInitialValue = true }));

    /// <summary>A gauge that is read and not counted.</summary>
    public SnapshotGauge Snapshot(string name, string help, params string[] labels) => new(Gauge(name, help, labels));

    public Histogram Histogram(string name, string help, double[] buckets, params string[] labels) =>
        Declare(_make.CreateHistogram(name, help, new HistogramConfiguration { Buckets = buckets, LabelNames = labels }));

    /// <summary>Has gauges filled each time that somebody looks. Two never look at once.</summary>
    public void OnCollect(Func<Task> fill) => _fill.Add(fill);

    /// <summary>The value of an enum as a label.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>A value of a <see cref="SnapshotGauge"/>.</summary>
    public static (string[] Labels, double Value) Value(double value, params string[] labels) => (labels, value);

    public void Dispose() => _oneAtATime.Dispose();

    private async Task FillAsync(CancellationToken ct)
    {
        await _oneAtATime.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            foreach (var fill in _fill)
            {
                await fill().ConfigureAwait(false);
            }
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private T Declare<T>(T collector)
        where T : Collector
    {
        _declared.Add(collector);
        return collector;
    }
}
