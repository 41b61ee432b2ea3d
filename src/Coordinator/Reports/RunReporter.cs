using Temper.Contracts.Runs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.Coordinator.Threads;

namespace Temper.Coordinator.Reports;

/// <summary>Writes a run's report from what is stored of it; so it can be written again at any time.</summary>
internal sealed class RunReporter(IGrainFactory grains, RunStore runs, MetricStore metrics, Clock clock) : IRunReporter
{
    public async Task WriteAsync(string runId, CancellationToken ct)
    {
        var row = await runs.FindAsync(runId).ConfigureAwait(false) ?? throw new InvalidOperationException($"There is no run {runId}.");
        var input = await InputAsync(row).ConfigureAwait(false);
        var (status, steps) = (input.Status, input.Spec.Training.Steps);
        // What the run becomes with this report.
        var ended = status.Phase.IsTerminal() ? status : status with { Phase = RunPhase.Succeeded, Reason = $"Trained for {steps} steps and evaluated.", EndedAt = clock.Now, Step = steps };
        await OwnThread.Run(() => ReportFiles.Write(input with { Status = ended }, row.OutputDirectory)).ConfigureAwait(false);
    }

    /// <summary>What the report of a run is made of, as it is now.</summary>
    public async Task<RunReportInput> InputAsync(RunRow row)
    {
        var status = await grains.GetGrain<IRunGrain>(row.Id).GetStatus().ConfigureAwait(false) ?? throw new InvalidOperationException($"Run {row.Id} has no state.");
        var steps = await metrics.StepsAsync(row.Id, 0, int.MaxValue, int.MaxValue).ConfigureAwait(false);
        var evaluations = await metrics.EvaluationsAsync(row.Id).ConfigureAwait(false);
        return new RunReportInput(
            status,
            SpecJson.Read(row.Spec),
            row.Plan.Tasks.ToDictionary(task => task.Name, task => task.Rate),
            steps,
            evaluations,
            row.Plan.Tasks.ToDictionary(task => task.Name, task => (long)task.TrainExamples));
    }
}
