using System.Text.Json.Serialization;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Reports;

/// <summary>What came of a run: the content of <c>report.json</c>. Parameters are in the order of its keys.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="RunId">The run's id.</param>
/// <param name="Phase">How it ended.</param>
/// <param name="Reason">Why.</param>
/// <param name="Steps">Completed steps.</param>
/// <param name="StepsPlanned">Steps that were asked for.</param>
/// <param name="Workers">World size.</param>
/// <param name="Threads">Threads of each trainer.</param>
/// <param name="Precision">Resolved number format.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Seconds">From the first start of trainers to the end, evaluations and recoveries included.</param>
/// <param name="TokensPerS">Input and target tokens, without padding, per second of training step.</param>
/// <param name="Recoveries">Recoveries, in order.</param>
/// <param name="FinalLoss">Loss of the last step.</param>
/// <param name="Rates">Task → rate.</param>
/// <param name="Shares">Task → what it really got.</param>
/// <param name="Tasks">Task → how good it is.</param>
/// <param name="TrainingFlops">Floating-point operations of its steps as they were computed, padding included; a step that was made again after a recovery counts once.</param>
/// <param name="PaddingShare">Padding's part of them, 0 to 1; null where there are none.</param>
public sealed record RunReport(
    string Name,
    string RunId,
    RunPhase Phase,
    string Reason,
    int Steps,
    int StepsPlanned,
    int Workers,
    int Threads,
    string? Precision,
    long Seed,
    double? Seconds,
    double? TokensPerS,
    IReadOnlyList<Recovery> Recoveries,
    double? FinalLoss,
    IReadOnlyDictionary<string, double> Rates,
    IReadOnlyDictionary<string, TaskShare> Shares,
    IReadOnlyDictionary<string, TaskReport> Tasks,
    double TrainingFlops = 0,
    double? PaddingShare = null)
{
    /// <summary>Works out the report.</summary>
    public static RunReport From(RunReportInput input) => RunReportBuilder.Build(input.InOrder());
}

/// <summary>A task's realised part of all steps, from 0 to 1.</summary>
/// <param name="Examples">Part of the examples.</param>
/// <param name="TargetTokens">Part of the target tokens.</param>
public sealed record TaskShare(double Examples, double TargetTokens);

/// <summary>How good a task is, and what it cost.</summary>
/// <param name="Split">The split of <paramref name="Metrics"/>: test where there is one with labels, else validation; null if nothing was evaluated.</param>
/// <param name="Metrics">Metric → value of the last evaluation on that split, in the order in which the task declares them.</param>
/// <param name="Validation">The last evaluation on the validation split.</param>
/// <param name="Test">The last evaluation on the test split.</param>
/// <param name="ExamplesSeen">Training rows that went through the model.</param>
/// <param name="TargetTokensSeen">Their target tokens.</param>
/// <param name="Epochs">How often each training row was seen; left out where the number of rows is not known.</param>
/// <param name="Samples">A few predictions on that split: untrusted text.</param>
public sealed record TaskReport(
    string? Split,
    IReadOnlyDictionary<string, double?> Metrics,
    SplitReport? Validation,
    SplitReport? Test,
    long ExamplesSeen,
    long TargetTokensSeen,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Epochs,
    IReadOnlyList<SamplePrediction> Samples)
{
    /// <summary>The evaluation that <see cref="Split"/> names.</summary>
    [JsonIgnore]
    public SplitReport? Judged => Split == "test" ? Test : Validation;
}

/// <summary>The last evaluation of one split.</summary>
/// <param name="Examples">Rows evaluated.</param>
/// <param name="Step">After how many steps.</param>
/// <param name="Final">Whether it is the evaluation at the end, over all rows that the spec allows.</param>
/// <param name="Metrics">Metric → value, ×100; null where it is not defined.</param>
/// <param name="Loss">Mean cross entropy over the split's target tokens, in nats; null where it was not computed.</param>
/// <param name="Labelled">False where its rows have no labels, so that nothing is defined and the task is judged by its other split.</param>
/// <param name="Warnings">What one must know to read the metrics; null where nothing.</param>
public sealed record SplitReport(
    int Examples,
    int Step,
    bool Final,
    IReadOnlyDictionary<string, double?> Metrics,
    double? Loss = null,
    bool Labelled = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings = null);
