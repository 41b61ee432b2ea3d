using Temper.Contracts.Runs;

namespace Temper.Contracts.Experiments;

/// <summary>What an experiment will be.</summary>
/// <param name="Kind">What kind of question it is.</param>
/// <param name="Runs">Its runs.</param>
/// <param name="Rows">The rows of its table.</param>
/// <param name="TrainingFlops">Floating-point operations of all runs, padding included.</param>
/// <param name="PredictedSeconds">How long the steps of all runs will take one after the other; null if no speed is known.</param>
public sealed record ExperimentPlan(
    ExperimentKind Kind,
    IReadOnlyList<ExperimentRunPlan> Runs,
    IReadOnlyList<ExperimentRowPlan> Rows,
    double TrainingFlops,
    double? PredictedSeconds);

/// <summary>What one run of an experiment will be.</summary>
/// <param name="Key">Its name within the experiment.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="StartsFrom">Where its weights come from; empty for random ones.</param>
/// <param name="Plan">What it will cost.</param>
public sealed record ExperimentRunPlan(string Key, int Steps, IReadOnlyList<string> StartsFrom, RunPlan Plan);

/// <summary>What a row of the table will cost.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Role">What it stands for.</param>
/// <param name="Compute">The multiple of the baseline's training FLOPs that it claims to cost; null where it claims none.</param>
/// <param name="TrainingFlops">What it costs.</param>
/// <param name="Ratio">That over the baseline's; null without a baseline.</param>
public sealed record ExperimentRowPlan(string Label, RowRole Role, double? Compute, double TrainingFlops, double? Ratio);
