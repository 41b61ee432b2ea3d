using System.Globalization;
using System.Text;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Mixture.Examples;
using Temper.Mixture.Mixing;
using Temper.Mixture.Objectives;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Models;
using Temper.Planning.Reading;
using Temper.Planning.Tasks;

namespace Temper.Planning.Runs;

/// <summary>
/// Checks what specs mean and works out what they will cost. Rows that one spec needed are kept for the next: the runs of an experiment
/// mostly train on the same ones.
/// </summary>
/// <param name="context">What they are checked against.</param>
public sealed class RunPlanner(PlanningContext context)
{
    private readonly Dictionary<string, TaskData> _tasks = [];
    private readonly Dictionary<string, TaskSet> _encoded = [];

    /// <summary>
    /// Checks everything that can be known before a run starts: files, columns, labels, rates, divisibility, lengths, the model, its memory.
    /// Reads all rows of all tasks, so that a mistake in the last line of a file is found now and not in the trainers.
    /// </summary>
    /// <param name="spec">A spec that <see cref="SpecReader"/> accepted.</param>
    /// <returns>The plan, or every mistake.</returns>
    public SpecResult<PlannedRun> Plan(RunSpec spec)
    {
        var errors = new List<SpecError>();
        spec = spec with { Vocabulary = ModelResolver.Vocabulary(spec, context) };
        CheckBatch(spec, errors);
        errors.AddRange(ScheduleCheck.Of(spec.Training));
        var taken = TakenDefaults.Of(spec);
        spec = SpecDefaults.Resolve(spec);
        CheckSteps(spec, errors);
        CheckRates(spec, errors);
        var tasks = LoadTasks(spec, errors);
        var vocabulary = OpenVocabulary(spec, errors);
        var objections = vocabulary is null ? [] : TaskSources.Check(spec, vocabulary);
        errors.AddRange(objections);
        var model = vocabulary is null ? null : ModelResolver.Resolve(spec.Model, vocabulary, context, errors);
        errors.AddRange(CarriedOptimizer.Check(spec, model?.Origins is [var only] ? only : null, context));
        if (model is not null && objections.Count == 0)
        {
            CheckMemory(spec, model, tasks, errors);
        }

        if (errors.Count == 0)
        {
            try
            {
                return new SpecResult<PlannedRun>(new PlannedRun(spec, Describe(spec, model!, tasks, vocabulary!) with { Defaults = taken }, model!.Origins), []);
            }
            catch (SpecException e)
            {
                errors.AddRange(e.Errors);
            }
        }

        return new SpecResult<PlannedRun>(null, errors);
    }

    /// <summary>Reads a spec and checks its meaning: every mistake of both kinds at once.</summary>
    /// <param name="text">YAML or JSON.</param>
    public SpecResult<PlannedRun> ReadAndPlan(string text)
    {
        var errors = new List<SpecError>();
        if (SpecReader.Read(text, errors) is not { } spec)
        {
            return new SpecResult<PlannedRun>(null, errors);
        }

        var plan = Plan(spec);
        // What cannot be read has been said; that its stand-in means nothing need not be.
        errors.AddRange(plan.Errors.Where(later => !errors.Exists(error => Covers(error.Path, later.Path))).ToList());
        return errors.Count > 0 ? new SpecResult<PlannedRun>(null, errors) : plan;
    }

    /// <summary>What training takes; for a spec whose model starts from random weights and that <see cref="Plan"/> accepts.</summary>
    /// <exception cref="SpecException">The spec is wrong.</exception>
    public TrainingCost Cost(RunSpec spec)
    {
        var errors = new List<SpecError>();
        spec = spec with { Vocabulary = ModelResolver.Vocabulary(spec, context) };
        var tasks = LoadTasks(spec, errors);
        var vocabulary = OpenVocabulary(spec, errors);
        var config = vocabulary is null ? null : ModelResolver.ByName(spec.Model, vocabulary, errors);
        CheckBatch(spec, errors);
        CheckRates(spec, errors);
        errors.AddRange(vocabulary is null ? [] : TaskSources.Check(spec, vocabulary));
        return errors.Count > 0 ? throw new SpecException(errors) : TrainingCost.Of(spec, config!, Encode(spec, tasks, vocabulary!));
    }

    /// <summary>Whether what is wrong at <paramref name="path"/> explains what is wrong at <paramref name="other"/>.</summary>
    internal static bool Covers(string path, string other) =>
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
        else if (TrainingCost.WorkOfPlanning(spec) > TrainingCost.MaxWork)
        {
            errors.Add(new SpecError(
                "training.batch",
                $"Cutting {spec.Training.Batch / spec.Workers} examples for each of {spec.Workers} workers into {spec.Training.MicroBatches} micro-batches takes too long at every step. Write a smaller batch, or fewer training.micro_batches."));
        }
    }

    private static void CheckSteps(RunSpec spec, List<SpecError> errors)
    {
        var (steps, schedule) = (spec.Training.Steps, spec.Training.Schedule);
        if (steps > 0 && schedule.Warmup > steps && schedule.Kind != ScheduleKind.T5 && !SpecDefaults.IsPreset(schedule.Kind))
        {
            errors.Add(new SpecError("training.schedule.warmup", $"The warm-up of {schedule.Warmup} steps is longer than the {steps} steps of the run. Write at most that."));
        }

        if (steps == 0 && spec.Model.References.Count == 0)
        {
            errors.Add(new SpecError("training.steps", "A run of no steps evaluates a model, and none is named. Write model.init_from or model.members, or at least 1 step."));
        }

        if (steps > 0 && spec.Model.IsEnsemble)
        {
            errors.Add(new SpecError("training.steps", "An ensemble is evaluated, not trained. Write 0, or model.combine: weights to train on from the average of its members."));
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
            if (task.Rate is { } rate && MixingRates.Objection(rate) is { } objection)
            {
                errors.Add(new SpecError(path, objection));
            }
            else if (byRate && task.Rate > 0 && task.IsEvaluatedOnly())
            {
                errors.Add(new SpecError(path, $"Nothing can be drawn from {name}, which has no training rows. Write 0 or leave the rate out, or give train."));
            }
            else if (byRate && task.Rate is null && !task.IsEvaluatedOnly())
            {
                errors.Add(new SpecError(path, "The mixture strategy explicit needs the rate of every task. Write one, or choose another mixture.strategy."));
            }
            else if (!byRate && task.Rate is not null)
            {
                errors.Add(new SpecError(path, "Rates of tasks count only with mixture.strategy: explicit. Leave the rate out, or choose that strategy."));
            }
        }

        if (spec.Training.Steps > 0 && spec.Tasks.Count > 0)
        {
            if (spec.Tasks.Values.All(task => task.IsEvaluatedOnly()))
            {
                errors.Add(new SpecError("tasks", "No task has training rows. Give at least one task train, or write training.steps: 0 to evaluate a model alone."));
            }
            else if (byRate && spec.Tasks.Values.All(task => task.Rate is 0 || task.IsEvaluatedOnly()))
            {
                errors.Add(new SpecError("tasks", "All rates are zero. Give at least one task with training rows a rate above zero."));
            }
        }

        if (spec.Mixture is { Cap: not null, Strategy: MixingStrategy.Equal or MixingStrategy.Explicit })
        {
            errors.Add(new SpecError("mixture.cap", "A cap on sizes counts only with mixture.strategy: proportional or temperature. Leave it out, or choose one of these."));
        }

        if (spec.Mixture.Temperature != 1 && spec.Mixture.Strategy != MixingStrategy.Temperature)
        {
            errors.Add(new SpecError("mixture.temperature", "A temperature counts only with mixture.strategy: temperature. Leave it out, or choose that strategy."));
        }
    }

    private List<TaskData> LoadTasks(RunSpec spec, List<SpecError> errors)
    {
        var loaded = new List<TaskData>();
        foreach (var (name, task) in spec.Tasks.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            try
            {
                // What is wrong with rates is said by CheckRates.
                loaded.Add(Kept(_tasks, [name, task with { Rate = null }], () => TaskLoader.Load(name, task with { Rate = null }, context.DataRoots)));
            }
            catch (SpecException e)
            {
                errors.AddRange(e.Errors);
            }
        }

        return loaded;
    }

    private TaskSet Encode(RunSpec spec, List<TaskData> tasks, IVocabulary vocabulary)
    {
        object[] key = [vocabulary.ContentHash, spec.Training.InputLength, spec.Training.TargetLength, .. tasks.Select(task => task.ContentHash)];
        return Kept(_encoded, key, () => TaskSet.Encode(spec, tasks, vocabulary, () => { })).Under(spec);
    }

    private static T Kept<T>(Dictionary<string, T> kept, object[] key, Func<T> make)
    {
        var text = JsonSerializer.Serialize(key, ProtocolJson.Options);
        return kept.TryGetValue(text, out var known) ? known : kept[text] = make();
    }

    private IVocabulary? OpenVocabulary(RunSpec spec, List<SpecError> errors)
    {
        if (VocabularyOpener.TryOpen(spec.Vocabulary, context.DataRoots, out var vocabulary, out var problem))
        {
            return vocabulary;
        }

        errors.Add(new SpecError("vocabulary.file", problem));
        return null;
    }

    private void CheckMemory(RunSpec spec, ResolvedModel model, List<TaskData> tasks, List<SpecError> errors)
    {
        var (needed, evaluating) = Memory(spec, model, tasks);
        if (context.LargestSlotMemory is { } available && needed > available)
        {
            errors.Add(new SpecError(
                "model",
                evaluating && spec.Training.Steps > 0
                    ? $"Evaluating this model between steps of training takes about {Gibibytes(needed)} for each trainer, and the largest agent has {Gibibytes(available)} for one. Write a smaller evaluation.batch or model.size, or shorter training.input_length."
                    : evaluating
                    ? $"Evaluating this model takes about {Gibibytes(needed)} for each worker, and the largest agent has {Gibibytes(available)} for one. Write a smaller evaluation.batch, or shorter training.input_length, or fewer members."
                    : $"Training this model takes about {Gibibytes(needed)} for each trainer, and the largest agent has {Gibibytes(available)} for one. Write a smaller model.size, or more training.micro_batches, or shorter training.input_length."));
        }
    }

    /// <summary>Bytes of a trainer at its peak, and whether that is while it evaluates.</summary>
    private static (long Bytes, bool Evaluating) Memory(RunSpec spec, ResolvedModel model, List<TaskData> tasks)
    {
        var optimizerBytes = spec.Training.OptimizerKind == OptimizerKind.Adamw ? 8 : 1;
        var evaluated = LongestRows(spec, tasks, task => task.Validation.Concat(task.Test));

        // Before the agents are known bf16 may turn out as fp32: the larger of the two.
        var (training, evaluating) = (spec.Training.Steps == 0 ? 0 : Enumerable.Max([true, false], Training), Enumerable.Max([true, false], Evaluating));
        return (Math.Max(training, evaluating), evaluating > training);

        long Training(bool bf16)
        {
            var rows = Math.Max(1, spec.Training.Batch / (spec.Workers * spec.Training.MicroBatches));
            var (inputs, targets) = LongestRows(spec, tasks, task => task.Train);
            return T5Costs.TrainingBytes(model.Config, rows, inputs, targets, bf16, optimizerBytes);
        }

        long Evaluating(bool bf16)
        {
            var (inputs, targets) = (evaluated.Inputs, Math.Max(evaluated.Targets, tasks.Exists(task => task.Metrics.Count > 0) ? spec.DecodeLength : 1));
            return spec.Training.Steps == 0
                ? T5Costs.EvaluationBytes(model.Members, spec.Evaluation.Batch, inputs, targets, bf16)
                : T5Costs.EvaluationWhileTrainingBytes(model.Config, spec.Evaluation.Batch, inputs, targets, bf16, optimizerBytes);
        }
    }

    // A token is at least a byte of text: the longest text bounds the longest row.
    private static (int Inputs, int Targets) LongestRows(RunSpec spec, List<TaskData> tasks, Func<TaskData, IEnumerable<TextExample>> text)
    {
        var (inputs, targets) = (1, 1);
        foreach (var task in tasks)
        {
            if (task.SpanCorruption is { } corruption)
            {
                if (LongestChunk(spec, text(task), corruption) is { } longest)
                {
                    (inputs, targets) = (Math.Max(inputs, longest.Inputs), Math.Max(targets, longest.Targets));
                }

                continue;
            }

            foreach (var row in text(task))
            {
                inputs = Math.Max(inputs, Encoding.UTF8.GetByteCount(row.Inputs) + 1);
                targets = Math.Max(targets, Encoding.UTF8.GetByteCount(row.Targets) + 1);
            }
        }

        return (Math.Min(inputs, spec.Training.InputLength), Math.Min(targets, spec.Training.TargetLength));
    }

    // Documents are joined, each line with a token for its beginning and one for its end at most: a chunk is as long as the inputs allow unless
    // the whole text is shorter. Text that is not there, or too short for a span, has none.
    private static SpanLengths? LongestChunk(RunSpec spec, IEnumerable<TextExample> text, SpanCorruptionSpec corruption)
    {
        var longest = SpanLengths.Fitting(spec.Training.InputLength, corruption);
        var tokens = text.Sum(document => Encoding.UTF8.GetByteCount(document.Inputs) + document.Inputs.AsSpan().Count('\n') + 2L);
        return tokens >= longest.Tokens ? longest : tokens >= SpanLengths.MinTokens ? SpanLengths.Of((int)tokens, corruption) : null;
    }

    private RunPlan Describe(RunSpec spec, ResolvedModel model, List<TaskData> tasks, IVocabulary vocabulary)
    {
        var encoded = Encode(spec, tasks, vocabulary);
        var cost = TrainingCost.Of(spec, model.Config, encoded);
        var drawn = (double)spec.Training.Steps * spec.Training.Batch;
        var speed = context.Speed?.Invoke(spec);
        return new RunPlan(
            model.Members.Sum(T5Costs.Parameters),
            spec.Training.Steps == 0 ? 0 : cost.Flops / spec.Training.Steps,
            Memory(spec, model, tasks).Bytes,
            [.. tasks.Select((task, i) => Describe(encoded, i, drawn))],
            cost.Flops,
            cost.PaddingShare,
            speed is null ? null : cost.Flops / (speed.FlopsPerSecond * spec.Workers),
            speed?.Basis);
    }

    private static TaskPlan Describe(TaskSet tasks, int task, double drawn)
    {
        var (source, rate) = (tasks.Sources[task], tasks.Rates[task]);
        var lengths = Enumerable.Range(0, source.Count).Select(row => source.Lengths(row, 0)).ToList();
        return new TaskPlan(
            tasks.Names[task],
            source.Count,
            tasks.EvaluationCount(task, "validation"),
            tasks.EvaluationCount(task, "test"),
            rate,
            source.Count == 0 ? 0 : drawn * rate / source.Count,
            source.Count == 0 ? 0 : drawn * rate * lengths.Average(length => length.Inputs),
            source.Count == 0 ? 0 : drawn * rate * lengths.Average(length => length.Targets));
    }

    private static string Gibibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");
}

/// <summary>A spec, what it will be, and where its model comes from.</summary>
public sealed record PlannedRun(RunSpec Spec, RunPlan Plan, IReadOnlyList<ModelOrigin> Origins);
