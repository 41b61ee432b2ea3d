using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Temper.Contracts.Models;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;

namespace Temper.Contracts.Specs;

/// <summary>
/// What a user asks for: one training run. The same type is read from YAML and JSON, by REST, the command line and the tests;
/// keys are the parameter names in snake_case.
/// </summary>
public sealed record RunSpec(
    [property: Description("Name of the run: letters, digits, '-' and '_', at most 63.")]
    [property: RegularExpression("^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")] string Name,
    [property: Description("The tasks, by name: each is a built-in one, or files with templates and metrics, or a text to pre-train on.")] IReadOnlyDictionary<string, TaskSpec> Tasks,
    [property: Description("How often the run trains, on what batches, with which optimizer.")] TrainingSpec Training,
    VocabularySpec? Vocabulary = null,
    ModelSpec? Model = null,
    MixtureSpec? Mixture = null,
    EvaluationSpec? Evaluation = null,
    RecoverySpec? Recovery = null,
    [property: Description("Number of data-parallel trainers (the world size), each on a device of its own.")]
    [property: Range(1, 1024)] int Workers = 1,
    [property: Description("Threads of each trainer; part of the spec because another number changes the last bits of sums.")]
    [property: Range(1, 256)] int Threads = 1,
    [property: Description("Seed of the weights, the order of the data and dropout.")] long Seed = 17,
    [property: Description("Place in the queue: larger goes first, and each ten minutes of waiting count as one more.")]
    [property: Range(0, 100)] int Priority = 50,
    [property: Description("What trainers compute on: auto (a GPU where the trainer sees one, else the processor), cpu or cuda.")] DeviceKind Device = DeviceKind.Auto,
    [property: Description("How gradients are exchanged: auto (nccl between GPUs, else ring), ring (over TCP) or nccl (between processors only with a stand-in, for tests).")]
    CollectiveKind Collective = CollectiveKind.Auto)
{
    /// <summary>Text to ids.</summary>
    [Description("How text becomes ids.")]
    public VocabularySpec Vocabulary { get; init; } = Vocabulary ?? new VocabularySpec();

    /// <summary>The network.</summary>
    [Description("The network, and where its weights come from.")]
    public ModelSpec Model { get; init; } = Model ?? new ModelSpec();

    /// <summary>How tasks are mixed.</summary>
    [Description("How often each task is drawn (Raffel et al. 2020, section 3.5.2).")]
    public MixtureSpec Mixture { get; init; } = Mixture ?? new MixtureSpec();

    /// <summary>When and how tasks are evaluated.</summary>
    [Description("When and on how many rows tasks are evaluated. The end of a run always evaluates every validation and test split.")]
    public EvaluationSpec Evaluation { get; init; } = Evaluation ?? new EvaluationSpec();

    /// <summary>Most tokens of a prediction, end of sequence included.</summary>
    [JsonIgnore]
    public int DecodeLength => Evaluation.DecodeLength ?? Training.TargetLength;

    /// <summary>How failures are met.</summary>
    [Description("How failures are met.")]
    public RecoverySpec Recovery { get; init; } = Recovery ?? new RecoverySpec();
}

/// <summary>What a trainer computes on.</summary>
public enum DeviceKind
{
    /// <summary>A GPU where the trainer sees one, the processor otherwise.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,
}

/// <summary>How ranks exchange gradients.</summary>
public enum CollectiveKind
{
    /// <summary>What suits the device: <see cref="Nccl"/> on GPUs, <see cref="Ring"/> on processors.</summary>
    Auto,

    /// <summary>Over TCP, summed in the order of ranks.</summary>
    Ring,

    /// <summary>NVIDIA's library. It knows GPUs only: on processors this takes a stand-in and is for tests of the exchange.</summary>
    Nccl,
}

/// <summary>Which vocabulary.</summary>
public enum VocabularyKind
{
    /// <summary>UTF-8 bytes, as ByT5.</summary>
    Bytes,

    /// <summary>A SentencePiece model file, such as T5's own.</summary>
    Sentencepiece,
}

/// <summary>Text to ids.</summary>
public sealed record VocabularySpec(
    [property: Description("bytes: UTF-8 bytes as in ByT5, which need no file. sentencepiece: a model file such as T5's own.")] VocabularyKind Kind = VocabularyKind.Bytes,
    [property: Description("The SentencePiece model file, relative to the data root.")] string? File = null,
    [property: Description("Number of sentinels: the tokens <extra_id_0>, <extra_id_1>, … that stand for hidden spans. T5 has 100. A sentencepiece file that holds its own, as mT5's, keeps those and gets no more.")]
    [property: Range(0, VocabularySpec.MaxExtraIds)] int ExtraIds = 100,
    [property: Description("Where the sentinels of bytes lie. above: on ids of their own, from 259 up. last_bytes: as published ByT5, on the ids of the bytes that no text has, from 258 down to 248, eleven at most. If not given: that of the model to start from; else last_bytes for the sizes byt5-*, above for others.")] SentinelPlace? Sentinels = null)
{
    /// <summary>The most sentinels that can be asked for.</summary>
    public const int MaxExtraIds = 10_000;
}

/// <summary>How several models become one.</summary>
public enum Combination
{
    /// <summary>An ensemble: the logits of all members are averaged at every decoding step (Raffel et al. 2020, section 3.6).</summary>
    Logits,

    /// <summary>One model: the uniform average of the members' weights, which costs no more than a member.</summary>
    Weights,
}

/// <summary>The network: a size by name, single dimensions to override it, and where its weights come from.</summary>
public sealed record ModelSpec(
    [property: Description("A size by name: tiny and mini, made for processors; t5-small, -base, -large, -3b, -11b; t5-1.1-small, -base, -large, -xl, -xxl; byt5-small, -base, -large, -xl, -xxl.")] string Size = "tiny",
    [property: Description("v1_0: ReLU, embeddings tied to the output layer. v1_1: gated GELU, untied. For tiny and mini only, v1_1 if not given; other sizes imply it.")] ModelFamily? Family = null,
    [property: Description("What to start from instead of random weights: a folder in Hugging Face's layout, relative to the data root, or run:ID for the model of another run, which is waited for. Its shape and vocabulary are taken as they are; the optimizer starts anew unless carry_optimizer says otherwise.")] string? InitFrom = null,
    [property: Description("Width of the model instead of the size's.")][property: Range(8, 65536)] int? DModel = null,
    [property: Description("Width of the feed-forward layers instead of the size's.")][property: Range(8, 262144)] int? DFf = null,
    [property: Description("Width of one attention head instead of the size's.")][property: Range(1, 1024)] int? DKv = null,
    [property: Description("Number of attention heads instead of the size's.")][property: Range(1, 1024)] int? Heads = null,
    [property: Description("Encoder layers instead of the size's; also decoder layers unless those are given.")][property: Range(1, 256)] int? Layers = null,
    [property: Description("Decoder layers instead of the size's.")][property: Range(1, 256)] int? DecoderLayers = null,
    [property: Description("Dropout rate while training. T5 was fine-tuned with 0.1; T5 1.1 was pre-trained without.")][property: Range(0.0, 0.9)] double Dropout = 0.1,
    [property: Description("Standard deviation of the initial embeddings. If not given: 1.0, as T5, with adafactor and for tied embeddings (family v1_0, t5-small to t5-11b); 0.02 with adamw otherwise.")]
    [property: Range(1e-6, 10.0)] double? EmbeddingStd = null,
    [property: Description("Several models instead of init_from, each a folder or run:ID, to be combined into one.")] IReadOnlyList<string>? Members = null,
    [property: Description("How members are combined. logits: an ensemble, to be evaluated, whose logits are averaged at every decoding step (Raffel et al. 2020, section 3.6). weights: one model, the uniform average of their weights.")] Combination Combine = Combination.Logits,
    [property: Description("With init_from: whether the optimizer goes on with the state and the count of steps of the checkpoint that holds the same weights, as T5 was fine-tuned. If not, it starts anew, and its moments are estimated from the first batches.")] bool CarryOptimizer = false)
{
    /// <summary>What stands before the id of a run in <see cref="InitFrom"/> and <see cref="Members"/>.</summary>
    public const string RunPrefix = "run:";

    /// <summary>Everything that the weights come from; empty for random ones.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> References => Members ?? (InitFrom is null ? [] : [InitFrom]);

    /// <summary>Whether this is several models that answer together.</summary>
    [JsonIgnore]
    public bool IsEnsemble => Members is not null && Combine == Combination.Logits;
}

/// <summary>Number format of matrix products.</summary>
public enum Precision
{
    /// <summary>bf16 where every trainer's processor computes it, fp32 otherwise.</summary>
    Auto,

    /// <summary>Single precision.</summary>
    Fp32,

    /// <summary>bfloat16 products over fp32 master weights.</summary>
    Bf16,
}

/// <summary>How the run trains.</summary>
public sealed record TrainingSpec(
    [property: Description("Optimizer steps; 0 evaluates what the model starts from.")][property: Range(0, 100_000_000)] int Steps,
    [property: Description("Examples in a global batch, over all workers; divisible by workers × micro_batches.")][property: Range(1, 1_000_000)] int Batch = 64,
    [property: Description("Micro-batches that each worker's share of a batch is cut into, one after the other (gradient accumulation): less memory, and rows of similar length together.")][property: Range(1, 1024)] int MicroBatches = 1,
    [property: Description("Longest input in tokens, end of sequence included; longer ones are cut.")][property: Range(2, 65536)] int InputLength = 512,
    [property: Description("Longest target in tokens, end of sequence included; longer ones are cut.")][property: Range(2, 65536)] int TargetLength = 114,
    OptimizerSpec? Optimizer = null,
    ScheduleSpec? Schedule = null,
    [property: Description("Global gradient norm above which gradients are scaled down; none if not given.")][property: Range(1e-6, 1e6)] double? ClipNorm = null,
    [property: Description("Weight of the auxiliary loss (log Z)², which keeps logits from drifting; t5x uses 1e-4.")][property: Range(0.0, 1.0)] double ZLoss = 0,
    [property: Description("Number format of matrix products. auto: bf16 where every trainer's processor computes it, fp32 otherwise. bf16: over fp32 master weights.")] Precision Precision = Precision.Auto,
    [property: Description("Steps between checkpoints, from which a run goes on after a failure.")][property: Range(1, 100_000_000)] int CheckpointEvery = 500,
    [property: Description("How many of the last checkpoints are kept.")][property: Range(2, 1000)] int KeepCheckpoints = 3)
{
    /// <summary>The optimizer.</summary>
    [Description("The optimizer.")]
    public OptimizerSpec Optimizer { get; init; } = Optimizer ?? new OptimizerSpec();

    /// <summary>The learning rate over the steps.</summary>
    [Description("The learning rate over the steps.")]
    public ScheduleSpec Schedule { get; init; } = Schedule ?? new ScheduleSpec();

    /// <summary>The learning rate as a function of the step.</summary>
    public LearningRateSchedule LearningRates() => new(Schedule.Kind, Optimizer.LearningRate ?? SpecDefaults.LearningRate(Schedule.Kind), Schedule.Warmup, Steps);

    /// <summary>The optimizer's kind: the one given, else that of the schedule's preset, else AdamW.</summary>
    [JsonIgnore]
    public OptimizerKind OptimizerKind => Optimizer.Kind ?? (SpecDefaults.IsPreset(Schedule.Kind) ? OptimizerKind.Adafactor : OptimizerKind.Adamw);
}

/// <summary>Which optimizer.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    Adamw,

    /// <summary>Adafactor (Shazeer and Stern 2018), as T5 was trained.</summary>
    Adafactor,
}

/// <summary>The optimizer and its settings.</summary>
public sealed record OptimizerSpec(
    [property: Description("adamw: Adam with decoupled weight decay. adafactor: Shazeer and Stern 2018, with which T5 was trained. If not given: adafactor with the schedules t5_pretrain and t5_finetune, adamw with others.")] OptimizerKind? Kind = null,
    [property: Description("Learning rate at the end of the warm-up; with the schedule t5 the factor before 1/√n, which must then be given. If not given: 1e-3; t5_pretrain and t5_finetune bring their own.")][property: Range(1e-12, 1e3)] double? LearningRate = null,
    [property: Description("AdamW: decay of the first moment per step.")][property: Range(0.0, 0.9999)] double Beta1 = 0.9,
    [property: Description("AdamW: decay of the second moment per step.")][property: Range(0.0, 0.99999)] double Beta2 = 0.999,
    [property: Description("AdamW: added to the root of the second moment.")][property: Range(1e-16, 1.0)] double Epsilon = 1e-8,
    [property: Description("AdamW: decoupled weight decay of matrices, times the learning rate at each step.")][property: Range(0.0, 1.0)] double WeightDecay = 0,
    [property: Description("Adafactor: scale updates by the parameter's root mean square.")] bool ScaleParameter = true,
    [property: Description("Adafactor: second moments are factored where the second largest dimension reaches this.")][property: Range(0, 1_000_000)] int MinDimSizeToFactor = 128);

/// <summary>The learning rate over the steps: a linear warm-up, then a decay.</summary>
public sealed record ScheduleSpec(
    [property: Description("What follows the warm-up. constant; linear or cosine: down to zero at the last step; inverse_square_root: with 1/√n; t5_pretrain: 1 / √max(step, 10,000) with adafactor, as T5 was pre-trained; t5_finetune: constant 1e-3 with adafactor, as T5 was fine-tuned; t5: learning_rate / √max(step, warmup), flat in place of a warm-up, for other factors.")] ScheduleKind Kind = ScheduleKind.Constant,
    [property: Description("Steps over which the learning rate rises in a line from zero; at most steps.")][property: Range(0, 100_000_000)] int Warmup = 0);

/// <summary>When and how tasks are evaluated. The end of a run always evaluates every validation and test split.</summary>
public sealed record EvaluationSpec(
    [property: Description("Steps between evaluations while training; 0 evaluates at the end only.")][property: Range(0, 100_000_000)] int Every = 0,
    [property: Description("Validation rows per task of an evaluation while training.")][property: Range(1, 10_000_000)] int MaxExamples = 100,
    [property: Description("Rows per task and split of the evaluation at the end; all if not given.")][property: Range(1, 10_000_000)] int? FinalMaxExamples = null,
    [property: Description("Rows that are decoded together: a matter of memory and speed, not of results.")][property: Range(1, 100_000)] int Batch = 64,
    [property: Description("Sample predictions per task that the report shows.")][property: Range(0, 100)] int Samples = 3,
    [property: Description("Most tokens of a prediction, end of sequence included; training.target_length if not given. The references are not looked at: an answer that runs on is judged as it is.")][property: Range(1, 65536)] int? DecodeLength = null);

/// <summary>How failures are met.</summary>
public sealed record RecoverySpec(
    [property: Description("Attempts in a row without progress after which the run has failed, counted for each cause by itself; the loss of an agent, a full disk and the like spend none.")][property: Range(1, 100)] int Attempts = 3,
    [property: Description("Seconds after which an exchange of gradients is given up.")][property: Range(1, 36000)] int ExchangeTimeoutSeconds = 60,
    [property: Description("Seconds without a step, an evaluated batch or a checkpoint after which a trainer counts as stuck.")][property: Range(5, 36000)] int ProgressTimeoutSeconds = 300)
{
    /// <summary>How long a trainer may go on without showing progress.</summary>
    [JsonIgnore]
    public TimeSpan ProgressTimeout => TimeSpan.FromSeconds(ProgressTimeoutSeconds);
}
