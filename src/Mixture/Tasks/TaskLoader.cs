using Temper.Mixture.Builtin;
using Temper.Mixture.Examples;
using Temper.Mixture.Metrics;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>From the spec of a task to its examples.</summary>
public static class TaskLoader
{
    /// <summary>
    /// Checks a spec without loading it all: every setting, every file, and the first rows of each file. All mistakes are
    /// reported together; an empty list says that the spec can be loaded, but for mistakes further down in the files.
    /// </summary>
    /// <param name="path">Place of the spec, such as <c>tasks.sst2</c>; error paths begin with it.</param>
    /// <param name="spec">The spec.</param>
    /// <param name="dataRoots">Folders that files are looked for in, first match wins; nothing outside them is read.</param>
    public static IReadOnlyList<SpecError> Check(string path, TaskSpec spec, IReadOnlyList<string> dataRoots)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var errors = new SpecErrors(path);
        EntryCheck.Check(spec, errors);
        if (errors.Any)
        {
            return errors.All;
        }

        if (spec.Builtin is not null)
        {
            BuiltinCheck.Check(spec, errors);
        }
        else
        {
            RowCheck.Check(TaskPlan.Of(spec, new DataRoots(dataRoots), errors), errors);
        }

        return errors.All;
    }

    /// <summary>Loads a task: all rows of all its splits.</summary>
    /// <param name="name">Name of the task; error paths begin with <c>tasks.</c> and this name.</param>
    /// <param name="spec">The spec.</param>
    /// <param name="dataRoots">Folders that files are looked for in, first match wins; nothing outside them is read.</param>
    /// <param name="ct">Stops the reading.</param>
    /// <exception cref="SpecException">The spec is wrong, or a row does not fit it.</exception>
    public static TaskData Load(string name, TaskSpec spec, IReadOnlyList<string> dataRoots, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var path = $"tasks.{name}";
        Refuse(Check(path, spec, dataRoots));
        return spec.Builtin is null
            ? FromFiles(name, path, spec, dataRoots, ct)
            : FromCode(name, spec);
    }

    private static TaskData FromFiles(string name, string path, TaskSpec spec, IReadOnlyList<string> dataRoots, CancellationToken ct)
    {
        var errors = new SpecErrors(path);
        var plan = TaskPlan.Of(spec, new DataRoots(dataRoots), errors);
        Refuse(errors.All);
        var splits = new SplitLoader(plan, path, ct);
        return Assemble(name, spec, splits.Load(SplitCheck.Train), splits.Load("validation"), splits.Load("test"), plan.Labels, plan.Metrics);
    }

    private static TaskData FromCode(string name, TaskSpec spec)
    {
        var task = BuiltinTasks.Create(spec.Builtin!);
        var metrics = MetricCheck.Of(spec.Metrics ?? task.Metrics, task.Labels, new SpecErrors(""));
        return Assemble(name, spec, task.Train, task.Validation, task.Test, task.Labels, metrics);
    }

    private static TaskData Assemble(
        string name,
        TaskSpec spec,
        IReadOnlyList<TextExample> train,
        IReadOnlyList<TextExample> validation,
        IReadOnlyList<TextExample> test,
        IReadOnlyList<string>? labels,
        IReadOnlyList<Metric> metrics)
    {
        if (spec.SpanCorruption is { } corruption)
        {
            var hash = ContentHasher.OfText(name, corruption, spec.MaxExamples, train, validation, test);
            return new TaskData(name, train, validation, test, labels, metrics, hash, corruption, spec.MaxExamples);
        }

        train = MaxExamples.Take(train, spec.MaxExamples);
        return new TaskData(name, train, validation, test, labels, metrics, ContentHasher.Of(name, train, validation, test));
    }

    private static void Refuse(IReadOnlyList<SpecError> errors)
    {
        if (errors.Count > 0)
        {
            throw new SpecException(errors);
        }
    }
}
