using Temper.Contracts.Models;

namespace Temper.Contracts.Specs;

/// <summary>What training a run takes, worked out from the batches that it will be made of.</summary>
/// <param name="Flops">Floating-point operations of all steps as they are computed, padding included.</param>
/// <param name="UnpaddedFlops">What they would be without padding.</param>
/// <param name="IsExact">Whether every step was planned; otherwise the first ones were, and their mean stands for all: the mixture is the same everywhere.</param>
public sealed record TrainingCost(double Flops, double UnpaddedFlops, bool IsExact)
{
    private const int MostPlanned = 4096;
    private const int LeastPlanned = 16;

    // Cutting a rank's n rows into m micro-batches takes m·n² operations; below this many a plan takes well under a millisecond.
    private const long CheapPlan = 1 << 16;

    /// <summary>Padding's part of <see cref="Flops"/>, 0 to 1.</summary>
    public double PaddingShare => Flops > 0 ? 1 - (UnpaddedFlops / Flops) : 0;

    /// <summary>Plans the batches and adds up what they cost.</summary>
    public static TrainingCost Of(RunSpec spec, T5Config config, TaskSet tasks)
    {
        var steps = spec.Training.Steps;
        if (steps == 0)
        {
            return new TrainingCost(0, 0, IsExact: true);
        }

        var planner = tasks.Planner(spec);
        var planned = (int)Math.Min(steps, Math.Max(LeastPlanned, MostPlanned / Math.Max(1, WorkOfPlanning(spec) / CheapPlan)));
        var (flops, unpadded) = (0.0, 0.0);
        for (var i = 0; i < planned; i++)
        {
            var plan = planner.Plan(i + 1);
            flops += T5Costs.TrainingFlops(config, plan);
            unpadded += T5Costs.UnpaddedFlops(config, plan);
        }

        return new TrainingCost(flops / planned * steps, unpadded / planned * steps, planned == steps);
    }

    private static long WorkOfPlanning(RunSpec spec)
    {
        var rows = (long)spec.Training.Batch / spec.Workers;
        return spec.Workers * spec.Training.MicroBatches * rows * rows;
    }
}
