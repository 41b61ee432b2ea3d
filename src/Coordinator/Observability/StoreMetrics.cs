using Microsoft.Extensions.Logging;
using Prometheus;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Store;
using static Temper.Coordinator.Observability.MetricRegistry;

namespace Temper.Coordinator.Observability;

/// <summary>Runs and experiments as the store knows them: the same from every coordinator.</summary>
internal sealed class StoreMetrics
{
    private const int MaxExperiments = 100;

    private readonly MetricRegistry _registry;
    private readonly Counter _storeFailures;
    private readonly SnapshotGauge _runPhases;
    private readonly SnapshotGauge _experimentPhases;
    private readonly SnapshotGauge _experimentInfo;
    private readonly SnapshotGauge _experimentProgress;
    private readonly SnapshotGauge _experimentRuns;

    public StoreMetrics(MetricRegistry registry)
    {
        _registry = registry;
        _storeFailures = registry.Counter("temper_metrics_store_failures_total", "Times that the store did not answer when metrics were asked for; gauges that are read from it are missing then.");
        _runPhases = registry.Snapshot("temper_runs", "Runs by phase. From the store: the same from every coordinator.", "phase");
        _experimentPhases = registry.Snapshot("temper_experiments", "Experiments by phase. From the store: the same from every coordinator.", "phase");
        _experimentInfo = registry.Snapshot("temper_experiment_info", $"1; name and kind of an experiment that has not ended; of the first {MaxExperiments}.", "experiment", "name", "kind");
        _experimentProgress = registry.Snapshot("temper_experiment_progress_ratio", $"Share of an experiment's planned operations that its steps have made, 0 to 1, while it has not ended; of the first {MaxExperiments}.", "experiment");
        _experimentRuns = registry.Snapshot("temper_experiment_runs", $"Runs of an experiment that has not ended: succeeded, unsuccessful (failed or cancelled), open; of the first {MaxExperiments}.", "experiment", "state");
    }

    /// <summary>Reads the stores each time that somebody looks.</summary>
    public void CollectFrom(RunStore runs, ExperimentStore experiments, ILogger log) => _registry.OnCollect(() => FillAsync(runs, experiments, log));

    private async Task FillAsync(RunStore runs, ExperimentStore experiments, ILogger log)
    {
        IReadOnlyDictionary<RunPhase, int> runPhases;
        IReadOnlyDictionary<ExperimentPhase, int> experimentPhases;
        IReadOnlyList<ExperimentStatus> open;
        try
        {
            runPhases = await runs.CountByPhaseAsync().ConfigureAwait(false);
            experimentPhases = await experiments.CountByPhaseAsync().ConfigureAwait(false);
            open = await experiments.OpenStatusesAsync(MaxExperiments).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // What this process counts and owns is still worth showing.
            log.LogWarning(e, "The store does not answer; metrics that are read from it are missing");
            _storeFailures.Inc();
            foreach (var gauge in new[] { _runPhases, _experimentPhases, _experimentInfo, _experimentProgress, _experimentRuns })
            {
                gauge.Set([]);
            }

            return;
        }

        _runPhases.Set(Enum.GetValues<RunPhase>().Select(phase => Value(runPhases.GetValueOrDefault(phase), Word(phase))));
        _experimentPhases.Set(Enum.GetValues<ExperimentPhase>().Select(phase => Value(experimentPhases.GetValueOrDefault(phase), Word(phase))));
        _experimentInfo.Set(open.Select(experiment => Value(1, experiment.Id, experiment.Name, Word(experiment.Kind))));
        _experimentProgress.Set(open.Select(experiment => Value(experiment.PlannedFlops > 0 ? experiment.Flops / experiment.PlannedFlops : 0, experiment.Id)));
        _experimentRuns.Set(open.SelectMany(experiment => new[]
        {
            Value(experiment.Succeeded, experiment.Id, "succeeded"),
            Value(experiment.Unsuccessful, experiment.Id, "unsuccessful"),
            Value(experiment.Runs - experiment.Succeeded - experiment.Unsuccessful, experiment.Id, "open"),
        }));
    }
}
