using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Planning.Tasks;

namespace Temper.Planning.Runs;

/// <summary>What training a run takes, worked out from the batches that it will be made of.</summary>
/// <param name="Flops">Floating-point operations of all steps as they are computed, padding included.</param>
/// <param name="UnpaddedFlops">What they would be without padding.</param>
/// <param name="IsExact">Whether every step was planned; otherwise the first ones were, and their mean stands for all: the mixture is the same everywhere.</param>
public sealed record TrainingCost(double Flops, double UnpaddedFlops, bool IsExact)
{
    private const int MaxPlanned = 4096;
    private const int MinPlanned = 16;

    // Below so many operations a plan takes well under a millisecond; above so many, fewer than the least have to do.
    private const double CheapPlan = 1 << 16;
    private const double DearPlan = 1 << 28;

    // What drawing and sorting a row weighs beside an operation of cutting.
    private const double RowWork = 256;

    /// <summary>Operations of the dearest plan that is made: some seconds, at each step of the run and before it is accepted.</summary>
    internal const double MaxWork = 1L << 32;

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
        var work = WorkOfPlanning(spec);
        var planned = (int)Math.Min(steps, Math.Max(Math.Clamp(DearPlan / work, 1, MinPlanned), MaxPlanned / Math.Max(1, Math.Floor(work / CheapPlan))));
        var (flops, unpadded) = (0.0, 0.0);
        for (var i = 0; i < planned; i++)
        {
            var plan = planner.Plan(i + 1);
            flops += T5Costs.TrainingFlops(config, plan);
            unpadded += T5Costs.UnpaddedFlops(config, plan);
        }

        return new TrainingCost(flops / planned * steps, unpadded / planned * steps, planned == steps);
    }

    /// <summary>Operations of one plan. Cutting a rank's n rows into m micro-batches takes up to m·n², into one it takes none.</summary>
    internal static double WorkOfPlanning(RunSpec spec)
    {
        var rows = (double)spec.Training.Batch / spec.Workers;
        var cutting = spec.Training.MicroBatches == 1 ? 0 : spec.Workers * spec.Training.MicroBatches * rows * rows;
        return (spec.Training.Batch * RowWork) + cutting;
    }
}
