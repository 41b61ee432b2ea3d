using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Planning.Models;
using Temper.Planning.Reading;

namespace Temper.Planning.Runs;

/// <summary>What <c>model.carry_optimizer</c> asks for: that the optimizer goes on with the state which made the weights of <c>model.init_from</c>.</summary>
internal static class CarriedOptimizer
{
    private const string Key = "model.carry_optimizer";

    /// <summary>What cannot be carried, as far as it is known before the run starts.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="origin">Where the weights come from; null if that is wrong or they are random.</param>
    /// <param name="context">Knows the run that it is.</param>
    public static IEnumerable<SpecError> Check(RunSpec spec, ModelOrigin? origin, PlanningContext context)
    {
        if (!spec.Model.CarryOptimizer)
        {
            yield break;
        }

        if (spec.Model.InitFrom is null || spec.Training.Steps == 0)
        {
            yield return new SpecError(Key, "There is no optimizer's state to go on with: it counts only with model.init_from, where the run trains. Leave it out.");
            yield break;
        }

        if (origin is not null && Problem(spec, origin, context) is { } problem)
        {
            yield return new SpecError(Key, problem);
        }
    }

    private static string? Problem(RunSpec spec, ModelOrigin origin, PlanningContext context)
    {
        // A run may not have ended yet: its spec says what its checkpoints will hold.
        if (origin.RunId is { } id && context.FindRun?.Invoke(id) is { } run)
        {
            return run.Spec.Training.Steps == 0
                ? $"Run {id} trains no steps, so it has no optimizer's state. Name the run that trained the model, or leave carry_optimizer out."
                : Other(spec, run.Spec.Training.OptimizerKind)
                ?? (spec.Training.OptimizerKind == OptimizerKind.Adafactor && spec.Training.Optimizer.MinDimSizeToFactor != run.Spec.Training.Optimizer.MinDimSizeToFactor
                    ? $"Run {id} factors second moments from {run.Spec.Training.Optimizer.MinDimSizeToFactor} on. Write the same training.optimizer.min_dim_size_to_factor, or leave carry_optimizer out."
                    : null);
        }

        try
        {
            return OptimizerFiles.CheckpointOf(origin.Folder) is { } checkpoint
                ? Other(spec, OptimizerFiles.KindOf(checkpoint))
                : $"There is no checkpoint of these weights in or beside {spec.Model.InitFrom}, so the optimizer's state is not known. Name a checkpoint's folder as model.init_from, or leave carry_optimizer out.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return $"The optimizer's state of {spec.Model.InitFrom} cannot be read: {e.Message}";
        }
    }

    private static string? Other(RunSpec spec, OptimizerKind kind) => kind == spec.Training.OptimizerKind
        ? null
        : $"{spec.Model.InitFrom} was trained with {SpecBinder.EnumKey(kind.ToString())}, whose state {SpecBinder.EnumKey(spec.Training.OptimizerKind.ToString())} cannot take. Write training.optimizer.kind: {SpecBinder.EnumKey(kind.ToString())}, or leave carry_optimizer out.";
}
