using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;

namespace Temper.Coordinator.Reports;

/// <summary>Everything that a report is made of.</summary>
/// <param name="Status">The run as it is now, usually at its end.</param>
/// <param name="Spec">What was asked for.</param>
/// <param name="Rates">Task → share of the examples that it should get.</param>
/// <param name="Steps">Rows of steps; where a step was made again after a recovery, the later row counts.</param>
/// <param name="Evaluations">Rows of evaluations, likewise.</param>
/// <param name="TrainExamples">Task → training rows, from which epochs follow; null where they are not known.</param>
public sealed record RunReportInput(
    RunStatus Status,
    RunSpec Spec,
    IReadOnlyDictionary<string, double> Rates,
    IReadOnlyList<StepRow> Steps,
    IReadOnlyList<EvaluationRow> Evaluations,
    IReadOnlyDictionary<string, long>? TrainExamples = null)
{
    /// <summary>The same input with every step once and in order, and every evaluation once.</summary>
    /// <remarks>A recovery goes back to a checkpoint, so rows come again; they are equal but for their times.</remarks>
    internal RunReportInput InOrder() => this with
    {
        Steps = [.. Steps.Reverse().DistinctBy(row => row.Step).OrderBy(row => row.Step)],
        Evaluations =
        [
            .. Evaluations.Reverse()
                .DistinctBy(row => (row.Task, row.Split, row.Step, row.Final))
                .OrderBy(row => row.Task, StringComparer.Ordinal)
                .ThenBy(row => row.Split, StringComparer.Ordinal)
                .ThenBy(row => row.Step)
                .ThenBy(row => row.Final),
        ],
    };
}
