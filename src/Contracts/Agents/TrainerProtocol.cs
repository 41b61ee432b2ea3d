using System.Text.Json;
using System.Text.Json.Serialization;
using Temper.Contracts.Specs;

namespace Temper.Contracts.Agents;

// The conversation between an agent and its trainer process, one JSON document a line. Down (the trainer's standard input): an
// assignment, then commands; the end of the stream means that the agent is gone, and the trainer ends. Up (standard output): events.

/// <summary>Everything that a trainer process must know.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Epoch">The fencing epoch; part of every name that the trainer writes.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="WorldSize">Number of ranks.</param>
/// <param name="Spec">The run's specification.</param>
/// <param name="Precision">The resolved number format: fp32 or bf16, never auto.</param>
/// <param name="DataRoots">Folders that relative sources lie under; the first that has the file wins.</param>
/// <param name="OutputDirectory">Folder of checkpoints and the exported model; the coordinator sees it under the same path.</param>
/// <param name="StartCheckpoint">Name of the checkpoint folder to start from, below <c>checkpoints</c>; null to start from the beginning.</param>
/// <param name="Secret">Key, as base64, with which the ranks of this epoch authenticate each other.</param>
/// <param name="ModelFolders">Folders of the models to start from, in the order of <see cref="ModelSpec.References"/>; empty for random weights.</param>
public sealed record TrainerAssignment(
    string RunId,
    long Epoch,
    int Rank,
    int WorldSize,
    RunSpec Spec,
    Precision Precision,
    IReadOnlyList<string> DataRoots,
    string OutputDirectory,
    string? StartCheckpoint,
    string Secret,
    IReadOnlyList<string> ModelFolders);

/// <summary>A command to a running trainer.</summary>
/// <param name="Offers">What all ranks published, in the order of ranks: connect.</param>
/// <param name="Stop">Save a checkpoint at the next step boundary that all ranks agree on, and end.</param>
/// <param name="Stored">How many of the trainer's events, signs of life not counted, the coordinator has stored; null if there is no news of it.</param>
public sealed record TrainerCommand(IReadOnlyList<string>? Offers = null, bool Stop = false, long? Stored = null);

/// <summary>Something a trainer says. Rank 0 alone reports steps, evaluations and checkpoints: they are the same on all ranks.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Ready), "ready")]
[JsonDerivedType(typeof(Alive), "alive")]
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(StepDone), "step")]
[JsonDerivedType(typeof(Saved), "saved")]
[JsonDerivedType(typeof(Evaluated), "evaluated")]
[JsonDerivedType(typeof(Stopped), "stopped")]
[JsonDerivedType(typeof(Finished), "finished")]
[JsonDerivedType(typeof(Failed), "failed")]
[JsonDerivedType(typeof(Log), "log")]
public abstract record TrainerEvent
{
    // Whoever reads an event uses what it says: one that lacks a part is none. Parts that were added later have defaults, so what an older trainer says is whole.
    private static readonly JsonSerializerOptions s_strict = new(ProtocolJson.Options) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private TrainerEvent()
    {
    }

    /// <summary>Reads what <see cref="ProtocolJson.Write"/> wrote.</summary>
    /// <returns>Null for whatever else a process may write to its standard output.</returns>
    public static TrainerEvent? Read(string line)
    {
        // Most of it is plain text, which must not cost an exception a line.
        if (!line.StartsWith('{'))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<TrainerEvent>(line, s_strict);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Data and weights are loaded; <paramref name="Offer"/> is what the other ranks need to connect (an address, an NCCL id).</summary>
    public sealed record Ready(string Offer) : TrainerEvent;

    /// <summary>
    /// A sign of life once a second, for the agent alone. <paramref name="Progress"/> grows with every step, evaluated batch and checkpoint;
    /// <paramref name="Spent"/> is what this rank, not only rank 0, has spent its time on.
    /// </summary>
    public sealed record Alive(long Progress, RankSeconds? Spent = null) : TrainerEvent;

    /// <summary>
    /// The ranks have met and agree on data and weights; training goes on after <paramref name="Step"/>. <paramref name="PeakFlops"/> is what
    /// this rank's device reaches in matrix products of the run's precision, in FLOP/s; 0 if it does not train.
    /// </summary>
    public sealed record Started(int Step, long Parameters, int Threads, string DataHash, double PeakFlops = 0) : TrainerEvent;

    /// <summary>A step was made.</summary>
    public sealed record StepDone(StepRow Row) : TrainerEvent;

    /// <summary>
    /// A checkpoint is whole on disk. <paramref name="Name"/> is its folder below <c>checkpoints</c>; writing its <paramref name="Bytes"/> took
    /// <paramref name="Seconds"/>, in which nobody trained.
    /// </summary>
    public sealed record Saved(int Step, string Name, double Seconds = 0, long Bytes = 0) : TrainerEvent;

    /// <summary>A split of a task was evaluated.</summary>
    public sealed record Evaluated(EvaluationRow Row) : TrainerEvent;

    /// <summary>Stopped on command after saving the checkpoint of <paramref name="Step"/>.</summary>
    public sealed record Stopped(int Step) : TrainerEvent;

    /// <summary>
    /// All steps made, all tasks evaluated, the model exported to <paramref name="ModelDirectory"/> (below the output folder): the draft of the trainer's epoch, see
    /// <c>ModelDraft</c>, or, from an earlier version, the model in its place.
    /// </summary>
    public sealed record Finished(int Step, string ModelDirectory) : TrainerEvent;

    /// <summary>The trainer gives up. <paramref name="Cause"/> is one of <see cref="Runs.FailureCauses"/>; <paramref name="Peer"/> the rank that is blamed, or null.</summary>
    public sealed record Failed(string Cause, string Message, int? Peer = null) : TrainerEvent;

    /// <summary>A line for people.</summary>
    public sealed record Log(string Message) : TrainerEvent;
}

/// <summary>One optimizer step. Times in seconds; tokens count the end of sequence but no padding.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Loss">Mean cross entropy over the target tokens of the global batch, in nats.</param>
/// <param name="LearningRate">The rate of this step.</param>
/// <param name="GradientNorm">Global norm before clipping.</param>
/// <param name="Seconds">From the first micro-batch to the updated weights, on rank 0.</param>
/// <param name="ExchangeSeconds">Of those, waiting for and summing gradients.</param>
/// <param name="DataSeconds">Of those, waiting for rows.</param>
/// <param name="InputTokens">Input tokens of the global batch.</param>
/// <param name="TargetTokens">Target tokens of the global batch.</param>
/// <param name="PaddedTokens">Positions computed, padding included, inputs and targets, of the global batch.</param>
/// <param name="Tasks">What each task had of it; tasks without rows are left out.</param>
/// <param name="Flops">Floating-point operations of the global batch as it was computed, padding included; see <see cref="Models.T5Costs"/>.</param>
/// <param name="UnpaddedFlops">What they would have been without padding.</param>
/// <param name="OptimizerSeconds">Of the step's seconds, clipping the gradient and updating the weights.</param>
/// <param name="ExchangeBytes">Size of what was summed over the ranks; 0 for a single one. How often it crosses the network depends on the exchange.</param>
/// <param name="MeanRankSeconds">What a rank needed, in the mean over all ranks, until it could take part in the exchange.</param>
/// <param name="SlowestRankSeconds">What the slowest one needed: the others waited for it.</param>
/// <param name="SlowestRank">Which one that was.</param>
public sealed record StepRow(
    int Step,
    double Loss,
    double LearningRate,
    double GradientNorm,
    double Seconds,
    double ExchangeSeconds,
    double DataSeconds,
    long InputTokens,
    long TargetTokens,
    long PaddedTokens,
    IReadOnlyDictionary<string, TaskStep> Tasks,
    double Flops = 0,
    double UnpaddedFlops = 0,
    double OptimizerSeconds = 0,
    long ExchangeBytes = 0,
    double MeanRankSeconds = 0,
    double SlowestRankSeconds = 0,
    int SlowestRank = 0);

/// <summary>A task's part of a step.</summary>
/// <param name="Examples">Rows.</param>
/// <param name="TargetTokens">Target tokens.</param>
/// <param name="LossSum">Cross entropy summed over them, in nats.</param>
/// <param name="InputTokens">Input tokens.</param>
public sealed record TaskStep(int Examples, long TargetTokens, double LossSum, long InputTokens = 0);

/// <summary>What a rank has spent its time on since it began to train, in seconds.</summary>
/// <param name="Data">Waiting for rows.</param>
/// <param name="Compute">Forward and backward passes.</param>
/// <param name="Exchange">Waiting for the other ranks and summing gradients.</param>
/// <param name="Optimizer">Clipping gradients and updating weights.</param>
/// <param name="Evaluation">Evaluating tasks.</param>
/// <param name="Checkpoint">Writing checkpoints, or waiting for rank 0 to do so.</param>
public sealed record RankSeconds(double Data, double Compute, double Exchange, double Optimizer, double Evaluation = 0, double Checkpoint = 0);

/// <summary>The evaluation of one split of one task.</summary>
/// <param name="Step">After how many steps.</param>
/// <param name="Final">Whether it is the evaluation at the end of the run.</param>
/// <param name="Task">The task.</param>
/// <param name="Split"><c>validation</c> or <c>test</c>.</param>
/// <param name="Examples">Rows evaluated.</param>
/// <param name="Metrics">T5's names, ×100, in the order in which the task declares them, see <see cref="MainMetric"/>; NaN is written as null.</param>
/// <param name="Samples">A few predictions: untrusted text.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Loss">Mean cross entropy over the split's target tokens, teacher-forced, in nats; null where it was not computed.</param>
/// <param name="TargetTokens">The target tokens that it is the mean over.</param>
/// <param name="Labelled">False where the rows have no labels: metrics and loss are null, which says nothing of the model.</param>
/// <param name="Warnings">What one must know to read the metrics; null where nothing.</param>
public sealed record EvaluationRow(
    int Step,
    bool Final,
    string Task,
    string Split,
    int Examples,
    IReadOnlyDictionary<string, double?> Metrics,
    IReadOnlyList<SamplePrediction> Samples,
    double Seconds,
    double? Loss = null,
    long TargetTokens = 0,
    bool Labelled = true,
    IReadOnlyList<string>? Warnings = null);

/// <summary>A prediction beside what was asked and expected. All three are untrusted text.</summary>
public sealed record SamplePrediction(string Inputs, string Target, string Prediction);

/// <summary>How the lines of this conversation are written: one JSON document a line, snake_case, enums by name.</summary>
public static class ProtocolJson
{
    /// <summary>The options for every document of the protocol, and for what is stored and reported.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        AllowOutOfOrderMetadataProperties = true,
    };

    /// <summary>One line, without its end.</summary>
    public static string Write<T>(T document) => JsonSerializer.Serialize(document, Options);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="JsonException">The line is not such a document.</exception>
    public static T Read<T>(string line) =>
        JsonSerializer.Deserialize<T>(line, Options) ?? throw new JsonException($"null is not a {typeof(T).Name}.");
}
