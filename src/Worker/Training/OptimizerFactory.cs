using Temper.Contracts.Specs;
using Temper.Worker.Model;
using Temper.Worker.Optimizers;

namespace Temper.Worker.Training;

/// <summary>From the spec of an optimizer to the optimizer.</summary>
internal static class OptimizerFactory
{
    public static Optimizer Create(TrainingSpec training, FlatParameters parameters) => training.OptimizerKind switch
    {
        OptimizerKind.Adafactor => new Adafactor(parameters, new AdafactorSettings { ScaleParameter = training.Optimizer.ScaleParameter, MinDimensionToFactor = training.Optimizer.MinDimSizeToFactor }),
        _ => new AdamW(parameters, new AdamWSettings(training.Optimizer.Beta1, training.Optimizer.Beta2, training.Optimizer.Epsilon, training.Optimizer.WeightDecay)),
    };
}
