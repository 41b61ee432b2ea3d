using System.Globalization;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;

namespace Temper.Planning.Runs;

/// <summary>The combinations of optimizer and schedule that cannot be meant.</summary>
public static class ScheduleCheck
{
    /// <summary>What cannot be meant, as the user wrote it.</summary>
    public static IEnumerable<SpecError> Of(TrainingSpec training)
    {
        var (schedule, optimizer) = (training.Schedule, training.Optimizer);
        if (SpecDefaults.IsPreset(schedule.Kind))
        {
            var name = schedule.Kind == ScheduleKind.T5Pretrain ? "t5_pretrain" : "t5_finetune";
            if (optimizer.Kind == OptimizerKind.Adamw)
            {
                yield return new SpecError("training.optimizer.kind", $"The schedule {name} is made for adafactor. Leave the kind out, or choose another training.schedule.kind.");
            }

            // A resolved spec holds the preset's own rate and must be readable again.
            if (optimizer.LearningRate is { } given && given != SpecDefaults.LearningRate(schedule.Kind))
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
