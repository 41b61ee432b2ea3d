using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports.Experiments.Answers;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>From the results of runs to the answer of an experiment.</summary>
internal static class ExperimentReportBuilder
{
    private const int LinePoints = 48;

    public static ExperimentReport Build(ExperimentReportInput input)
    {
        var (status, spec) = (input.Status, input.Spec);
        var sheet = new ScoreSheet(input);
        var judge = ResultTableBuilder.Build(input, sheet);
        var table = judge.Table;
        var law = spec.Kind == ExperimentKind.Scaling ? Law(table) : null;
        var reports = input.Layout.Runs.Select(run => input.Runs[run.Key].Report).ToList();
        var flops = reports.Sum(report => report.TrainingFlops);
        return new ExperimentReport(
            status.Id,
            status.Name,
            spec.Kind,
            status.Phase,
            status.Reason,
            spec.Question,
            Answer(input, judge, law),
            (status.EndedAt - status.CreatedAt)?.TotalSeconds,
            flops,
            flops > 0 ? reports.Sum(report => report.TrainingFlops * (report.PaddingShare ?? 0)) / flops : null,
            [.. input.Layout.Runs.Select(run => Reported(run, input.Runs[run.Key]))],
            table,
            law,
            [.. ReportNotes.Of(input, sheet, judge)]);
    }

    private static IReadOnlyList<string> Answer(ExperimentReportInput input, TableJudge judge, ScalingLaw? law) => [.. input.Spec.Kind switch
    {
        ExperimentKind.MixtureStudy => MixtureAnswer.Sentences(input.Layout, judge),
        ExperimentKind.Ensemble => EnsembleAnswer.Sentences(judge),
        ExperimentKind.Scaling => ScalingAnswer.Sentences(input.Spec.Scaling!.Compute, judge, law!),
        _ => ComparisonAnswer.Sentences(judge),
    }];

    private static ReportedRun Reported(ExperimentRun run, RunOutcome outcome) => new(
        run.Key,
        run.RunId,
        outcome.Status.Phase,
        outcome.Status.Step,
        outcome.Status.Steps,
        outcome.Report.TrainingFlops,
        outcome.Report.FinalLoss,
        outcome.Status.Phase == RunPhase.Succeeded ? null : outcome.Status.Reason);

    private static ScalingLaw Law(ResultTable table)
    {
        var points = table.Rows
            .Where(row => row.Role is RowRole.Baseline or RowRole.MoreSteps)
            .Where(row => row.TrainingFlops is not null && row.Cells[table.Loss].Mean is not null)
            .Select(row => new LossPoint(row.TrainingFlops!.Value, row.Cells[table.Loss].Mean!.Value))
            .OrderBy(point => point.Flops)
            .ToList();
        if (!PowerLaw.TryFit([.. points.Select(point => (point.Flops, point.Loss))], out var law, out var whyNot))
        {
            return new ScalingLaw(points, whyNot, null, null, null, null, []);
        }

        if (law.WhyNone is { } none)
        {
            return new ScalingLaw(points, none, null, null, null, null, []);
        }

        // A little beyond both ends, so that the prediction at twice the compute lies on the line.
        var (from, to) = (points[0].Flops / 1.25, points[^1].Flops * 2.5);
        return new ScalingLaw(
            points,
            null,
            law.Scale,
            law.Exponent,
            law.ExponentInterval,
            Predict(law, points[^1].Flops * 2),
            [.. Enumerable.Range(0, LinePoints).Select(i => Predict(law, from * Math.Pow(to / from, i / (LinePoints - 1.0))))]);
    }

    private static LawPoint Predict(PowerLaw law, double flops) => new(flops, law.At(flops), law.IntervalAt(flops));
}
