namespace Temper.Contracts.Runs;

/// <summary>What a run will be.</summary>
/// <param name="Parameters">Number of weights; of an ensemble all members' together.</param>
/// <param name="FlopsPerStep">Floating-point operations of an average step, padding included.</param>
/// <param name="MemoryBytes">Estimated peak memory of one trainer.</param>
/// <param name="Tasks">The tasks, by name.</param>
/// <param name="TrainingFlops">Floating-point operations of all steps, padding included; see <see cref="Models.T5Costs"/>.</param>
/// <param name="PaddingShare">Padding's part of them, 0 to 1.</param>
/// <param name="PredictedSeconds">How long the steps will take once it has workers, evaluations left out; null if no speed is known.</param>
/// <param name="SpeedBasis">How the speed is known that the prediction rests on.</param>
/// <param name="Defaults">What was taken where the spec left a setting open that follows others; null in plans of older programs.</param>
public sealed record RunPlan(
    long Parameters,
    double FlopsPerStep,
    long MemoryBytes,
    IReadOnlyList<TaskPlan> Tasks,
    double TrainingFlops = 0,
    double PaddingShare = 0,
    double? PredictedSeconds = null,
    string? SpeedBasis = null,
    IReadOnlyList<TakenDefault>? Defaults = null);

/// <summary>A setting that the spec left open, and what was taken.</summary>
/// <param name="Path">The setting, such as <c>model.embedding_std</c>.</param>
/// <param name="Value">What was taken.</param>
/// <param name="Reason">What it follows from.</param>
public sealed record TakenDefault(string Path, string Value, string Reason);

/// <summary>What a task will be.</summary>
/// <param name="Name">The task.</param>
/// <param name="TrainExamples">Training rows; of a text to pre-train on its chunks, as in the other splits.</param>
/// <param name="ValidationExamples">Validation rows.</param>
/// <param name="TestExamples">Test rows.</param>
/// <param name="Rate">Share of the examples that are drawn from it; all rates add up to 1.</param>
/// <param name="Epochs">How many times the run goes through its training rows.</param>
/// <param name="InputTokens">Input tokens that the run sees of it, end of sequence included.</param>
/// <param name="TargetTokens">Target tokens that the run sees of it.</param>
public sealed record TaskPlan(
    string Name,
    int TrainExamples,
    int ValidationExamples,
    int TestExamples,
    double Rate,
    double Epochs,
    double InputTokens = 0,
    double TargetTokens = 0);
