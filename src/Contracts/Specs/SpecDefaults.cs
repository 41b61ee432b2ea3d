using Temper.Contracts.Models;

namespace Temper.Contracts.Specs;

/// <summary>Defaults that follow other settings.</summary>
public static class SpecDefaults
{
    /// <summary>Whether a schedule brings its optimizer and its rate.</summary>
    public static bool IsPreset(ScheduleKind kind) => kind is ScheduleKind.T5Pretrain or ScheduleKind.T5Finetune;

    /// <summary>The rate of a schedule where none is given; for <see cref="ScheduleKind.T5Pretrain"/> the factor before 1/√n.</summary>
    public static double LearningRate(ScheduleKind kind) => kind == ScheduleKind.T5Pretrain ? 1 : 1e-3;

    /// <summary>
    /// The standard deviation of random embeddings: the one given, else T5's 1.0 with Adafactor, and where the table is the output matrix too, whose
    /// logits are scaled for it. An update of AdamW is about the learning rate whatever the size of a weight, so other embeddings start small.
    /// </summary>
    public static double EmbeddingStd(RunSpec spec) =>
        spec.Model.EmbeddingStd ?? (spec.Training.OptimizerKind == OptimizerKind.Adafactor || IsTied(spec.Model) ? 1.0 : 0.02);

    /// <summary>The spec with these defaults written out. Resolving twice is the same as once.</summary>
    public static RunSpec Resolve(RunSpec spec) => spec with
    {
        Model = spec.Model with { EmbeddingStd = EmbeddingStd(spec) },
        Training = spec.Training with
        {
            Optimizer = spec.Training.Optimizer with
            {
                Kind = spec.Training.OptimizerKind,
                LearningRate = spec.Training.Optimizer.LearningRate ?? LearningRate(spec.Training.Schedule.Kind),
            },
        },
    };

    /// <summary>Whether the embeddings are the output matrix too. A size that there is not is refused elsewhere.</summary>
    public static bool IsTied(ModelSpec model) =>
        T5Sizes.Names.Contains(model.Size) && T5Sizes.Get(model.Size, model.Family ?? ModelFamily.V1_1).Tied;
}
