using System.Globalization;
using System.Text;
using Temper.Contracts.Models;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;

namespace Temper.Contracts.Specs;

/// <summary>Checks what a spec means and works out what it will cost.</summary>
public static class RunPlanner
{
    /// <summary>
    /// Checks everything that can be known before a run starts: files, columns, labels, rates, divisibility, lengths, the model, its memory.
    /// Reads all rows of all tasks, so that a mistake in the last line of a file is found now and not in the trainers.
    /// </summary>
    /// <param name="spec">A spec that <see cref="SpecReader"/> accepted.</param>
    /// <param name="dataRoots">Folders that relative sources lie under.</param>
    /// <param name="largestSlotMemory">Bytes that a trainer may use on the largest agent; null if no agent is known.</param>
    /// <returns>The plan, or every mistake.</returns>
    public static SpecResult<RunPlan> Plan(RunSpec spec, IReadOnlyList<string> dataRoots, long? largestSlotMemory)
    {
        var errors = new List<SpecError>();
        CheckBatch(spec, errors);
        CheckRates(spec, errors);
        var tasks = LoadTasks(spec, dataRoots, errors);
        var config = ResolveModel(spec, dataRoots, errors);
        if (config is not null)
        {
            CheckMemory(spec, config, tasks, largestSlotMemory, errors);
        }

        return errors.Count > 0 ? new SpecResult<RunPlan>(null, errors) : new SpecResult<RunPlan>(Describe(spec, config!, tasks), []);
    }

    /// <summary>Reads a spec and checks its meaning: every mistake of both kinds at once.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="dataRoots">Folders that relative sources lie under.</param>
    /// <param name="largestSlotMemory">Bytes that a trainer may use on the largest agent; null if no agent is known.</param>
    public static SpecResult<PlannedRun> ReadAndPlan(string text, IReadOnlyList<string> dataRoots, long? largestSlotMemory)
    {
        var errors = new List<SpecError>();
        if (SpecReader.Read(text, errors) is not { } spec)
        {
            return new SpecResult<PlannedRun>(null, errors);
        }

        var plan = Plan(spec, dataRoots, largestSlotMemory);
        // What cannot be read has been said; that its stand-in means nothing need not be.
        errors.AddRange(plan.Errors.Where(later => !errors.Exists(error => Covers(error.Path, later.Path))).ToList());
        return errors.Count > 0 ? new SpecResult<PlannedRun>(null, errors) : new SpecResult<PlannedRun>(new PlannedRun(spec, plan.Value!), []);
    }

    private static bool Covers(string path, string other) =>
        other == path || other.StartsWith(path + ".", StringComparison.Ordinal) || other.StartsWith(path + "[", StringComparison.Ordinal);

    private static void CheckBatch(RunSpec spec, List<SpecError> errors)
    {
        var parts = spec.Workers * spec.Training.MicroBatches;
        if (spec.Training.Batch % parts != 0)
        {
            var nearest = Math.Max(parts, (spec.Training.Batch + (parts / 2)) / parts * parts);
            errors.Add(new SpecError(
                "training.batch",
                $"A batch of {spec.Training.Batch} examples cannot be shared by {spec.Workers} workers × {spec.Training.MicroBatches} micro-batches. Write a multiple of {parts}, such as {nearest}."));
        }

        if (spec.Training.Schedule.Warmup > spec.Training.Steps && spec.Training.Schedule.Kind != ScheduleKind.T5)
        {
            errors.Add(new SpecError("training.schedule.warmup", $"The warm-up of {spec.Training.Schedule.Warmup} steps is longer than the {spec.Training.Steps} steps of the run. Write at most that."));
        }
    }

    private static void CheckRates(RunSpec spec, List<SpecError> errors)
    {
        if (spec.Tasks.Count == 0)
        {
            errors.Add(new SpecError("tasks", "There are no tasks. Name at least one, such as dates_en_de: {builtin: dates_en_de}."));
        }

        var byRate = spec.Mixture.Strategy == MixingStrategy.Explicit;
        foreach (var (name, task) in spec.Tasks)
        {
            var path = $"tasks.{name}.rate";
            if (task.Rate is { } rate && (rate < 0 || !double.IsFinite(rate)))
            {
                errors.Add(new SpecError(path, string.Create(CultureInfo.InvariantCulture, $"The rate {rate} is below zero. Write 0 (evaluate only) or more.")));
            }
            else if (byRate && task.Rate is null)
            {
                errors.Add(new SpecError(path, "The mixture strategy explicit needs the rate of every task. Write one, or choose another mixture.strategy."));
            }
            else if (!byRate && task.Rate is not null)
            {
                errors.Add(new SpecError(path, "Rates of tasks count only with mixture.strategy: explicit. Leave the rate out, or choose that strategy."));
            }
        }

        if (byRate && spec.Tasks.Count > 0 && spec.Tasks.Values.All(task => task.Rate is 0))
        {
            errors.Add(new SpecError("tasks", "All rates are zero. Give at least one task a rate above zero."));
        }

        if (spec.Mixture.Temperature != 1 && spec.Mixture.Strategy != MixingStrategy.Temperature)
        {
            errors.Add(new SpecError("mixture.temperature", "A temperature counts only with mixture.strategy: temperature. Leave it out, or choose that strategy."));
        }
    }

    private static List<TaskData> LoadTasks(RunSpec spec, IReadOnlyList<string> dataRoots, List<SpecError> errors)
    {
        var loaded = new List<TaskData>();
        foreach (var (name, task) in spec.Tasks.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            try
            {
                loaded.Add(TaskLoader.Load(name, task, dataRoots));
            }
            catch (SpecException e)
            {
                errors.AddRange(e.Errors);
            }
        }

        return loaded;
    }

    private static T5Config? ResolveModel(RunSpec spec, IReadOnlyList<string> dataRoots, List<SpecError> errors)
    {
        if (VocabularyOpener.TryOpen(spec.Vocabulary, dataRoots, out var vocabulary, out var problem))
        {
            return ModelResolver.Resolve(spec.Model, vocabulary, dataRoots, errors);
        }

        errors.Add(new SpecError("vocabulary.file", problem));
        return null;
    }

    private static void CheckMemory(RunSpec spec, T5Config config, List<TaskData> tasks, long? largest, List<SpecError> errors)
    {
        var needed = Memory(spec, config, tasks);
        if (largest is { } available && needed > available)
        {
            errors.Add(new SpecError(
                "model",
                $"Training this model takes about {Gibibytes(needed)} for each trainer, and the largest agent has {Gibibytes(available)} for one. Write a smaller model.size, or more training.micro_batches, or shorter training.input_length."));
        }
    }

    private static long Memory(RunSpec spec, T5Config config, List<TaskData> tasks)
    {
        var rows = Math.Max(1, spec.Training.Batch / (spec.Workers * spec.Training.MicroBatches));
        var (inputs, targets) = LongestRows(spec, tasks);
        // Before the agents are known bf16 may turn out as fp32: the larger of the two.
        return Enumerable.Max([true, false], bf16 => T5Costs.TrainingBytes(
            config, rows, inputs, targets, bf16, spec.Training.Optimizer.Kind == OptimizerKind.Adamw ? 8 : 1));
    }

    // A token is at least a byte of text: the longest text bounds the longest row.
    private static (int Inputs, int Targets) LongestRows(RunSpec spec, List<TaskData> tasks)
    {
        var train = tasks.SelectMany(task => task.Train);
        var (inputs, targets) = (1, 1);
        foreach (var row in train)
        {
            inputs = Math.Max(inputs, Encoding.UTF8.GetByteCount(row.Inputs) + 1);
            targets = Math.Max(targets, Encoding.UTF8.GetByteCount(row.Targets) + 1);
        }

        return (Math.Min(inputs, spec.Training.InputLength), Math.Min(targets, spec.Training.TargetLength));
    }

    private static RunPlan Describe(RunSpec spec, T5Config config, List<TaskData> tasks)
    {
        var rates = MixingRates.Compute(spec.Mixture, [.. tasks.Select(task => task.Train.Count)], [.. tasks.Select(task => spec.Tasks[task.Name].Rate)]);
        var (inputs, targets) = LongestRows(spec, tasks);
        var drawn = (double)spec.Training.Steps * spec.Training.Batch;
        return new RunPlan(
            T5Costs.Parameters(config),
            T5Costs.TrainingFlops(config, spec.Training.Batch, inputs, targets),
            Memory(spec, config, tasks),
            [.. tasks.Select((task, i) => new TaskPlan(
                task.Name, task.Train.Count, task.Validation.Count, task.Test.Count, rates[i], task.Train.Count == 0 ? 0 : drawn * rates[i] / task.Train.Count))]);
    }

    private static string Gibibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");
}

/// <summary>A spec and what it will be.</summary>
public sealed record PlannedRun(RunSpec Spec, RunPlan Plan);

/// <summary>What a run will be.</summary>
/// <param name="Parameters">Number of weights.</param>
/// <param name="FlopsPerStep">Floating-point operations of the largest possible step, every row as long as the longest.</param>
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
