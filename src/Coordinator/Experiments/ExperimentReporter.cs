using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Experiments;
using Temper.Coordinator.Store;
using Temper.Coordinator.Threads;

namespace Temper.Coordinator.Experiments;

/// <summary>Makes an experiment's report from what is stored of it and its runs: at its end, and whenever somebody asks.</summary>
internal sealed class ExperimentReporter(IGrainFactory grains, ExperimentStore experiments, RunStore runs, MetricStore metrics, Clock clock) : IExperimentReporter
{
    private const int CurvePoints = 300;

    public async Task WriteAsync(string experimentId, CancellationToken ct)
    {
        var input = await InputAsync(experimentId).ConfigureAwait(false) ?? throw new InvalidOperationException($"There is no experiment {experimentId}.");
        // What it becomes with this report.
        var ended = ExperimentView.End(new ExperimentState(), [.. input.Runs.Values.Select(run => run.Status)], null, clock.Now);
        var status = input.Status.Phase == ExperimentPhase.Reporting
            ? input.Status with { Phase = ended.Ended!.Value, Reason = ExperimentView.Of(ended, [.. input.Runs.Values.Select(run => run.Status)]).Reason, EndedAt = ended.EndedAt }
            : input.Status;
        await OwnThread.Run(() => ExperimentReportFiles.Write(input with { Status = status }, input.Status.OutputDirectory)).ConfigureAwait(false);
    }

    /// <summary>What the report of an experiment is made of; null if there is none of this id.</summary>
    public async Task<ExperimentReportInput?> InputAsync(string experimentId)
    {
        if (await experiments.FindAsync(experimentId).ConfigureAwait(false) is not { } record
            || await grains.GetGrain<IExperimentGrain>(experimentId).GetStatus().ConfigureAwait(false) is not { } status)
        {
            return null;
        }

        var plans = record.Plan.Runs.ToDictionary(run => run.Key, run => run.Plan);
        var specs = record.Layout.Runs.ToDictionary(run => run.Key, run => run.Spec);
        var outcomes = new Dictionary<string, RunOutcome>();
        foreach (var run in await runs.OfExperimentAsync(experimentId).ConfigureAwait(false))
        {
            var key = run.ExperimentKey!;
            outcomes[key] = await OutcomeAsync(run, specs[key], plans[key]).ConfigureAwait(false);
        }

        return new ExperimentReportInput(status, record.Spec, record.Layout, outcomes);
    }

    private async Task<RunOutcome> OutcomeAsync(RunStatus run, RunSpec spec, RunPlan plan)
    {
        var steps = await metrics.StepsAsync(run.Id, 0, int.MaxValue, int.MaxValue).ConfigureAwait(false);
        var evaluations = await metrics.EvaluationsAsync(run.Id).ConfigureAwait(false);
        var report = RunReport.From(new RunReportInput(
            run,
            spec,
            plan.Tasks.ToDictionary(task => task.Name, task => task.Rate),
            steps,
            evaluations,
            plan.Tasks.ToDictionary(task => task.Name, task => (long)task.TrainExamples)));
        var stride = Math.Max(1, (steps.Count + CurvePoints - 1) / CurvePoints);
        return new RunOutcome(run, plan, report, [.. steps.Where((_, i) => i % stride == 0 || i == steps.Count - 1)], evaluations);
    }
}
