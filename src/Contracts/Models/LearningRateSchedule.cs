namespace Temper.Contracts.Models;

/// <summary>How the learning rate goes on after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls in a line to the floor at the last step.</summary>
    Linear,

    /// <summary>It falls along half a cosine to the floor at the last step.</summary>
    Cosine,

    /// <summary>It falls with 1/√n from the end of the warm-up on.</summary>
    InverseSquareRoot,

    /// <summary>T5's own: peak / √max(n, warm-up), flat before instead of rising; the peak is a multiplier, 1 in the paper.</summary>
    T5,

    /// <summary>As T5 was pre-trained: 1 / √max(n, 10,000), n the step counted from 0.</summary>
    T5Pretrain,

    /// <summary>As T5 was fine-tuned: it stays at 1e-3.</summary>
    T5Finetune,
}

/// <summary>The learning rate as a function of the step: resuming needs no state.</summary>
/// <param name="Kind">The curve after the warm-up.</param>
/// <param name="Peak">The rate at the end of the warm-up; for <see cref="ScheduleKind.T5"/> the factor before 1/√n.</param>
/// <param name="WarmupSteps">Steps over which the rate rises in a line, the first step already above 0; 10,000 in the paper for T5's own.</param>
/// <param name="TotalSteps">The step at which linear and cosine decay reach the floor; unused otherwise.</param>
/// <param name="Floor">The lowest rate of linear and cosine decay.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind, double Peak, long WarmupSteps = 0, long TotalSteps = 0, double Floor = 0)
{
    /// <summary>The rate for the update number <paramref name="step"/>, counted from 0.</summary>
    public double At(long step)
    {
        if (Kind == ScheduleKind.T5Pretrain)
        {
            return Peak / Math.Sqrt(Math.Max(step, 10_000));
        }

        if (Kind == ScheduleKind.T5)
        {
            return Peak / Math.Sqrt(Math.Max(Math.Max(step, WarmupSteps), 1));
        }

        if (step < WarmupSteps)
        {
            return Peak * (step + 1) / WarmupSteps;
        }

        var progress = TotalSteps > WarmupSteps ? Math.Min(1, (step - WarmupSteps) / (double)(TotalSteps - WarmupSteps)) : 1;
        return Kind switch
        {
            ScheduleKind.Constant or ScheduleKind.T5Finetune => Peak,
            ScheduleKind.Linear => Floor + ((Peak - Floor) * (1 - progress)),
            ScheduleKind.Cosine => Floor + ((Peak - Floor) * 0.5 * (1 + Math.Cos(Math.PI * progress))),
            ScheduleKind.InverseSquareRoot => Peak * Math.Sqrt(Math.Max(1, WarmupSteps) / (double)(step + 1)),
            _ => throw new InvalidOperationException($"Unknown schedule {Kind}."),
        };
    }
}
