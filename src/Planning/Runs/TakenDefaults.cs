using System.Globalization;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Planning.Reading;

namespace Temper.Planning.Runs;

/// <summary>What is taken where a spec leaves open what follows other settings.</summary>
public static class TakenDefaults
{
    /// <summary>What <see cref="SpecDefaults.Resolve"/> and the trainers take where <paramref name="spec"/>, as the user wrote it, leaves open what follows other settings.</summary>
    public static IReadOnlyList<TakenDefault> Of(RunSpec spec)
    {
        var taken = new List<TakenDefault>();
        var (training, schedule, optimizer) = (spec.Training, Key(spec.Training.Schedule.Kind), Key(spec.Training.OptimizerKind));
        if (training.Steps > 0)
        {
            Add("training.optimizer.kind", training.Optimizer.Kind is null, optimizer, $"goes with the schedule {schedule}");
            Add("training.optimizer.learning_rate", training.Optimizer.LearningRate is null, Number(SpecDefaults.LearningRate(training.Schedule.Kind)), $"goes with the schedule {schedule}");
            Add("model.embedding_std", spec.Model is { EmbeddingStd: null, References.Count: 0 }, Number(SpecDefaults.EmbeddingStd(spec)), $"goes with {optimizer}{(SpecDefaults.IsTied(spec.Model) ? " and tied embeddings" : "")}");
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
}
