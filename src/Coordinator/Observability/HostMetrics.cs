using Temper.Coordinator.Configuration;
using static Temper.Coordinator.Observability.MetricRegistry;

namespace Temper.Coordinator.Observability;

/// <summary>This process, and the disk that it writes output to.</summary>
internal sealed class HostMetrics
{
    private readonly SnapshotGauge _diskFree;
    private readonly SnapshotGauge _diskSize;

    public HostMetrics(MetricRegistry registry, CoordinatorOptions options)
    {
        var info = registry.Gauge("temper_coordinator_info", "1; the label says which cluster this target belongs to.", "cluster");
        _diskFree = registry.Snapshot("temper_output_disk_free_bytes", "Bytes free on the disk of the runs' output, as this coordinator sees it.");
        _diskSize = registry.Snapshot("temper_output_disk_size_bytes", "Size of the disk of the runs' output, as this coordinator sees it.");
        info.WithLabels(options.ClusterId).Set(1);
        registry.OnCollect(() =>
        {
            FillDisk(options.OutputRoot);
            return Task.CompletedTask;
        });
    }

    private void FillDisk(string outputRoot)
    {
        try
        {
            var disk = Directory.Exists(outputRoot) ? new DriveInfo(outputRoot) : null;
            _diskFree.Set(disk is null ? [] : [Value(disk.AvailableFreeSpace)]);
            _diskSize.Set(disk is null ? [] : [Value(disk.TotalSize)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A shared volume that is away is no reason to show nothing else.
            _diskFree.Set([]);
            _diskSize.Set([]);
        }
    }
}
