using System.Security.Cryptography;
using System.Text;
using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Worker.Model;

namespace Temper.Worker.Training;

/// <summary>The tasks of a run: their text, their training rows as ids, and their rates. Tasks are in the order of their names.</summary>
public sealed class TaskSet
{
    private readonly IVocabulary _vocabulary;

    private TaskSet(IReadOnlyList<TaskData> tasks, IReadOnlyList<ITokenSource> sources, IReadOnlyList<double> rates, IVocabulary vocabulary)
    {
        Tasks = tasks;
        Sources = sources;
        Rates = rates;
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
    public static TaskSet Load(RunSpec spec, IReadOnlyList<string> dataRoots, IVocabulary vocabulary, Action progressed)
    {
        var tasks = new List<TaskData>();
        var sources = new List<ITokenSource>();
        foreach (var (name, task) in spec.Tasks.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var data = TaskLoader.Load(name, task, dataRoots);
            tasks.Add(data);
            sources.Add(TokenizedExamples.Encode(name, data.Train, vocabulary, spec.Training.InputLength, spec.Training.TargetLength));
            progressed();
        }

        var rates = MixingRates.Compute(spec.Mixture, [.. sources.Select(source => source.Count)], [.. tasks.Select(task => spec.Tasks[task.Name].Rate)]);
        return new TaskSet(tasks, sources, rates, vocabulary);
    }

    /// <summary>Planned rows as the model takes them.</summary>
    public ModelBatch Batch(IReadOnlyList<PlannedRow> rows)
    {
        var read = rows.Select(row => Sources[row.Task].Row(row.Index, row.Epoch)).ToList();
        return ModelBatch.Of([.. read.Select(row => row.Inputs)], [.. read.Select(row => row.Targets)]);
    }

    /// <summary>The beginning of a row's text, for messages.</summary>
    public string Preview(PlannedRow row)
    {
        var text = _vocabulary.Decode(Sources[row.Task].Row(row.Index, row.Epoch).Inputs.Span);
        return text.Length > 80 ? text[..80] + "…" : text;
    }
}
