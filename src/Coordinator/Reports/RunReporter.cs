using Temper.Contracts.Runs;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Reports;

/// <summary>Writes a run's report from what is stored of it; so it can be written again at any time.</summary>
internal sealed class RunReporter(IGrainFactory grains, RunStore runs, MetricStore metrics, Clock clock) : IRunReporter
{
    public async Task WriteAsync(string runId, CancellationToken ct)
    {
        var row = await runs.FindAsync(runId).ConfigureAwait(false) ?? throw new InvalidOperationException($"There is no run {runId}.");
        var status = await grains.GetGrain<IRunGrain>(runId).GetStatus().ConfigureAwait(false) ?? throw new InvalidOperationException($"Run {runId} has no state.");
        var spec = SpecJson.Read(row.Spec);
        var steps = await metrics.StepsAsync(runId, 0, int.MaxValue, int.MaxValue).ConfigureAwait(false);
        var evaluations = await metrics.EvaluationsAsync(runId).ConfigureAwait(false);
        var input = new RunReportInput(
            // What the run becomes with this report.
            status.Phase.IsTerminal() ? status : status with { Phase = RunPhase.Succeeded, Reason = $"Trained for {spec.Training.Steps} steps and evaluated.", EndedAt = clock.Now, Step = spec.Training.Steps },
            spec,
            row.Plan.Tasks.ToDictionary(task => task.Name, task => task.Rate),
            steps,
            evaluations,
            row.Plan.Tasks.ToDictionary(task => task.Name, task => (long)task.TrainExamples));
        await Task.Run(() => ReportFiles.Write(input, row.OutputDirectory), ct).ConfigureAwait(false);
    }
}
