using System.Globalization;
using Temper.Contracts.Models;
using Temper.Mixture.Tasks;

namespace Temper.Contracts.Specs;

/// <summary>Defaults that follow other settings, and the combinations of optimizer and schedule that cannot be meant.</summary>
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

    /// <summary>What <see cref="Resolve"/> and the trainers take where <paramref name="spec"/>, as the user wrote it, leaves open what follows other settings.</summary>
    public static IReadOnlyList<TakenDefault> Taken(RunSpec spec)
    {
        var taken = new List<TakenDefault>();
        var (training, schedule, optimizer) = (spec.Training, Key(spec.Training.Schedule.Kind), Key(spec.Training.OptimizerKind));
        if (training.Steps > 0)
        {
            Add("training.optimizer.kind", training.Optimizer.Kind is null, optimizer, $"goes with the schedule {schedule}");
            Add("training.optimizer.learning_rate", training.Optimizer.LearningRate is null, Number(LearningRate(training.Schedule.Kind)), $"goes with the schedule {schedule}");
            Add("model.embedding_std", spec.Model is { EmbeddingStd: null, References.Count: 0 }, Number(EmbeddingStd(spec)), $"goes with {optimizer}{(IsTied(spec.Model) ? " and tied embeddings" : "")}");
            Add("model.carry_optimizer", spec.Model is { InitFrom: not null, CarryOptimizer: false }, "false", $"the state of {optimizer} starts anew");
        }

        Add("evaluation.decode_length", spec.Evaluation.DecodeLength is null, Number(spec.DecodeLength), "is training.target_length");
        return taken;

        void Add(string path, bool isOpen, string value, string reason)
        {
            if (isOpen)
            {
                taken.Add(new TakenDefault(path, value, reason));
            }
        }

        static string Key<T>(T kind) where T : struct, Enum => SpecBinder.EnumKey(kind.ToString());

        static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
    }

    // A size that there is not is refused elsewhere.
    private static bool IsTied(ModelSpec model) =>
        T5Sizes.Names.Contains(model.Size) && T5Sizes.Get(model.Size, model.Family == ModelFamily.V1_0 ? T5Family.V10 : T5Family.V11).Tied;

    /// <summary>What cannot be meant, as the user wrote it.</summary>
    public static IEnumerable<SpecError> Check(TrainingSpec training)
    {
        var (schedule, optimizer) = (training.Schedule, training.Optimizer);
        if (IsPreset(schedule.Kind))
        {
            var name = schedule.Kind == ScheduleKind.T5Pretrain ? "t5_pretrain" : "t5_finetune";
            if (optimizer.Kind == OptimizerKind.Adamw)
            {
                yield return new SpecError("training.optimizer.kind", $"The schedule {name} is made for adafactor. Leave the kind out, or choose another training.schedule.kind.");
            }

            // A resolved spec holds the preset's own rate and must be readable again.
            if (optimizer.LearningRate is { } given && given != LearningRate(schedule.Kind))
            {
                yield return new SpecError("training.optimizer.learning_rate", $"The schedule {name} brings its own rate. Leave the learning rate out, or choose another training.schedule.kind, such as constant.");
            }

            if (schedule.Warmup != 0)
            {
                yield return new SpecError("training.schedule.warmup", $"The schedule {name} has no other warm-up. Leave it out, or choose another training.schedule.kind.");
            }
        }
        else if (schedule.Kind == ScheduleKind.T5)
        {
            const string Remedy = "Write training.schedule.kind: t5_pretrain for 1/√max(step, 10,000), or t5_finetune for a constant 1e-3.";
            if (optimizer.LearningRate is not { } factor)
            {
                yield return new SpecError("training.optimizer.learning_rate", $"The schedule t5 needs the factor before 1/√n. {Remedy}");
            }
            else if (factor / Math.Sqrt(Math.Max(schedule.Warmup, 1)) is var first and (< 1e-4 or > 0.1))
            {
                yield return new SpecError(
                    "training.schedule",
                    string.Create(CultureInfo.InvariantCulture, $"With learning_rate {factor} and warmup {schedule.Warmup} the schedule t5 starts at a rate of {first:0.######}, outside 0.0001 to 0.1. {Remedy}"));
            }
        }
    }
}
