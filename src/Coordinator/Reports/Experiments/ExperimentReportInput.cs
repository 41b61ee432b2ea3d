using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>Everything that an experiment's report is made of.</summary>
/// <param name="Status">The experiment as it is now, usually at its end.</param>
/// <param name="Spec">What was asked for.</param>
/// <param name="Layout">Its runs and the table that they fill.</param>
/// <param name="Runs">Key → what came of the run so far; every run of the layout has one.</param>
public sealed record ExperimentReportInput(
    ExperimentStatus Status,
    ExperimentSpec Spec,
    ExperimentLayout Layout,
    IReadOnlyDictionary<string, RunOutcome> Runs);

/// <summary>What came of one run.</summary>
/// <param name="Status">Where it is in its life.</param>
/// <param name="Plan">What it was worked out to be.</param>
/// <param name="Report">Its results, as its own report has them.</param>
/// <param name="Curve">Rows of steps, thinned: enough for a plot.</param>
/// <param name="Evaluations">All its evaluations.</param>
public sealed record RunOutcome(
    RunStatus Status,
    RunPlan Plan,
    RunReport Report,
    IReadOnlyList<StepRow> Curve,
    IReadOnlyList<EvaluationRow> Evaluations);
