using Prometheus;

namespace Temper.Coordinator.Observability;

/// <summary>A gauge whose values are given all at once: a label that is not given any more vanishes instead of keeping its last value.</summary>
internal sealed class SnapshotGauge(Gauge gauge)
{
    public void Set(IEnumerable<(string[] Labels, double Value)> values)
    {
        var stale = gauge.GetAllLabelValues().Select(Key).ToHashSet();
        foreach (var (labels, value) in values)
        {
            gauge.WithLabels(labels).Set(value);
            stale.Remove(Key(labels));
        }

        foreach (var key in stale)
        {
            gauge.RemoveLabelled(key.Split('\0'));
        }
    }

    private static string Key(string[] labels) => string.Join('\0', labels);
}
