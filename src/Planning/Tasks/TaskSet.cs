using System.Security.Cryptography;
using System.Text;
using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;

namespace Temper.Planning.Tasks;

/// <summary>
/// The tasks of a run: their text, their training rows as ids, and their rates. Tasks are in the order of their names. A plan is worked out from
/// the same rows that trainers read, so that what it says is what happens.
/// </summary>
public sealed class TaskSet
{
    private static readonly string[] EvaluatedSplits = ["validation", "test"];

    private readonly IReadOnlyDictionary<(int Task, string Split), Lazy<ITokenSource>> _evaluation;
    private readonly IVocabulary _vocabulary;

    private TaskSet(
        IReadOnlyList<TaskData> tasks,
        IReadOnlyList<ITokenSource> sources,
        IReadOnlyDictionary<(int Task, string Split), Lazy<ITokenSource>> evaluation,
        IReadOnlyList<double> rates,
        IVocabulary vocabulary)
    {
        Tasks = tasks;
        Sources = sources;
        Rates = rates;
        _evaluation = evaluation;
        _vocabulary = vocabulary;
        Names = [.. tasks.Select(task => task.Name)];
        Hashes = tasks.ToDictionary(task => task.Name, task => task.ContentHash);
        ContentHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(tasks.Select(task => task.ContentHash)))));
    }

    /// <summary>The tasks as text.</summary>
    public IReadOnlyList<TaskData> Tasks { get; }

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Their training rows.</summary>
    public IReadOnlyList<ITokenSource> Sources { get; }

    /// <summary>Their rates.</summary>
    public IReadOnlyList<double> Rates { get; }

    /// <summary>Task → hash of its rows.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <summary>Hash of all rows of all tasks.</summary>
    public string ContentHash { get; }

    /// <summary>Loads every task of <paramref name="spec"/>.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="dataRoots">Folders that relative sources lie under.</param>
    /// <param name="vocabulary">Text to ids.</param>
    /// <param name="progressed">Called after each task.</param>
    /// <exception cref="SpecException">A task is wrong.</exception>
    public static TaskSet Load(RunSpec spec, IReadOnlyList<string> dataRoots, IVocabulary vocabulary, Action progressed)
    {
        var tasks = new List<TaskData>();
        foreach (var (name, task) in spec.Tasks.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            tasks.Add(TaskLoader.Load(name, task, dataRoots));
            progressed();
        }

        return Encode(spec, tasks, vocabulary, progressed);
    }

    /// <summary>The tasks of <paramref name="spec"/>, which are loaded already.</summary>
    /// <exception cref="SpecException">A text is too short to pre-train on.</exception>
    public static TaskSet Encode(RunSpec spec, IReadOnlyList<TaskData> tasks, IVocabulary vocabulary, Action progressed)
    {
        var sources = new List<ITokenSource>();
        foreach (var task in tasks)
        {
            sources.Add(TaskSources.ToTrainOn(spec, task, vocabulary));
            progressed();
        }

        return new TaskSet(tasks, sources, EvaluationOf(spec, tasks, vocabulary), RatesOf(spec, tasks, sources), vocabulary);
    }

    /// <summary>The same rows under another mixture or seed: <paramref name="spec"/> has the same tasks, vocabulary and lengths.</summary>
    public TaskSet Under(RunSpec spec) => new(
        Tasks,
        [.. Sources.Select(source => source is CorruptedText text ? text.Under(spec.Seed) : source)],
        _evaluation,
        RatesOf(spec, Tasks, Sources),
        _vocabulary);

    /// <summary>
    /// The rows of an evaluated split as ids, cut as in training; those of epoch 0 are meant. Of a text to pre-train on they are its chunks,
    /// corrupted the same way whatever the run's seed; of other tasks row i is example i of the split.
    /// </summary>
    /// <param name="task">Index of the task.</param>
    /// <param name="split"><c>validation</c> or <c>test</c>.</param>
    public ITokenSource EvaluationRows(int task, string split) => _evaluation[(task, split)].Value;

    /// <summary>How many rows that are, without encoding them if it can be helped.</summary>
    public int EvaluationCount(int task, string split) =>
        Tasks[task].SpanCorruption is null ? TaskSources.TextOf(Tasks[task], split).Count : EvaluationRows(task, split).Count;

    /// <summary>Plans the batches of <paramref name="spec"/>.</summary>
    public BatchPlanner Planner(RunSpec spec) => new(Sources, Rates, spec.Seed, spec.Training.Batch, spec.Workers, spec.Training.MicroBatches);

    /// <summary>The beginning of a row's text, for messages.</summary>
    public string Preview(PlannedRow row)
    {
        var text = SentinelText.Show(_vocabulary, Sources[row.Task].Row(row.Index, row.Epoch).Inputs.Span);
        return text.Length > 80 ? text[..80] + "…" : text;
    }

    // Encoded when it is asked for, since plans need no more than its count; but the count of a text's chunks is known only then.
    private static Dictionary<(int Task, string Split), Lazy<ITokenSource>> EvaluationOf(RunSpec spec, IReadOnlyList<TaskData> tasks, IVocabulary vocabulary)
    {
        var result = new Dictionary<(int Task, string Split), Lazy<ITokenSource>>();
        foreach (var (i, task) in tasks.Index())
        {
            foreach (var split in EvaluatedSplits)
            {
                result[(i, split)] = task.SpanCorruption is null
                    ? new Lazy<ITokenSource>(() => TaskSources.ToEvaluate(spec, task, split, vocabulary))
                    : new Lazy<ITokenSource>(TaskSources.ToEvaluate(spec, task, split, vocabulary));
            }
        }

        return result;
    }

    private static double[] RatesOf(RunSpec spec, IReadOnlyList<TaskData> tasks, IReadOnlyList<ITokenSource> sources) =>
        MixingRates.Compute(spec.Mixture, [.. sources.Select(source => source.Count)], [.. tasks.Select(task => spec.Tasks[task.Name].Rate)]);
}
