using Temper.Contracts.Specs;
using Temper.Worker.Model;
using Temper.Worker.Training.Optimizers;

namespace Temper.Worker.Training;

/// <summary>From the spec of an optimizer to the optimizer.</summary>
internal static class OptimizerFactory
{
    public static Optimizer Create(OptimizerSpec spec, FlatParameters parameters) => spec.Kind switch
    {
        OptimizerKind.Adafactor => new Adafactor(parameters, new AdafactorSettings { ScaleParameter = spec.ScaleParameter, MinDimensionToFactor = spec.MinDimSizeToFactor }),
        _ => new AdamW(parameters, new AdamWSettings(spec.Beta1, spec.Beta2, spec.Epsilon, spec.WeightDecay)),
    };
}
