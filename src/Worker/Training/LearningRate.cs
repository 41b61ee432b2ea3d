using Temper.Contracts.Specs;

namespace Temper.Worker.Training;

/// <summary>The learning rate of a step: a pure function of the spec.</summary>
public static class LearningRate
{
    /// <summary>The rate of <paramref name="step"/>, counted from 1.</summary>
    public static double At(int step, TrainingSpec training)
    {
        var (peak, warmup) = (training.Optimizer.LearningRate, training.Schedule.Warmup);
        if (step <= warmup)
        {
            // 1. A straight line from zero: the first step moves, the last of the warm-up has the full rate.
            return peak * step / warmup;
        }

        // 2. Then down, as the schedule says; the step after the last would have rate zero.
        var progress = (double)(step - warmup - 1) / Math.Max(1, training.Steps - warmup);
        return peak * training.Schedule.Kind switch
        {
            ScheduleKind.Linear => 1 - progress,
            ScheduleKind.Cosine => 0.5 * (1 + Math.Cos(Math.PI * progress)),
            ScheduleKind.InverseSquareRoot => Math.Sqrt(Math.Max(1, warmup) / (double)step),
            _ => 1,
        };
    }
}
