using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Examples;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Tasks;
using Temper.Worker.Collectives;
using Temper.Worker.Model;
using Temper.Worker.Protocol;

namespace Temper.Worker.Evaluation;

/// <summary>
/// Evaluates the tasks of a run with all ranks: each scores and decodes its part of the batches, all see all of it, rank 0 reports. The loss is
/// that of the same rows as are decoded, cut as in training.
/// </summary>
public sealed class Evaluator(IPredictor predictor, TaskSet tasks, IVocabulary vocabulary, RunSpec spec, ICollective collective, TrainerChannel channel)
{
    private readonly SplitEvaluator _splits = new(predictor, vocabulary, spec, collective, channel.Progressed);

    /// <summary>Evaluates the validation splits, and at the end the test splits too.</summary>
    /// <param name="step">After how many steps.</param>
    /// <param name="final">Whether it is the evaluation at the end.</param>
    /// <param name="done">What is done of it already, as <c>task/split</c>, the same on all ranks; what gets done is added.</param>
    /// <returns>False if the ranks were asked to stop before all was evaluated.</returns>
    public bool Run(int step, bool final, ISet<string>? done = null)
    {
        foreach (var (index, task) in tasks.Tasks.Index())
        {
            foreach (var (split, texts) in new[] { ("validation", task.Validation), ("test", final ? task.Test : []) })
            {
                if (texts.Count == 0 || done?.Contains($"{task.Name}/{split}") == true)
                {
                    continue;
                }

                if (StopRequested())
                {
                    return false;
                }

                if (_splits.Evaluate(step, final, task, split, tasks.EvaluationRows(index, split), channel.Stop) is not { } row)
                {
                    return false;
                }

                if (collective.Rank == 0)
                {
                    channel.Send(new TrainerEvent.Evaluated(row));
                }

                done?.Add($"{task.Name}/{split}");
            }
        }

        return true;
    }

    /// <summary>
    /// All metrics of a task over its predictions, in the order in which it declares them: the first is its main one, see
    /// <see cref="MainMetric"/>. A value that is not a number becomes null, and so do all of rows without labels.
    /// </summary>
    public static OrderedDictionary<string, double?> Score(TaskData task, IReadOnlyList<TextExample> rows, IReadOnlyList<string> predictions)
    {
        var result = new OrderedDictionary<string, double?>(StringComparer.Ordinal);
        if (!TextExample.AreLabelled(rows))
        {
            foreach (var name in task.Metrics.SelectMany(metric => metric.Keys(task.Labels)))
            {
                result.Add(name, null);
            }

            return result;
        }

        foreach (var (name, value) in task.Metrics.SelectMany(metric => metric.Score([.. rows.Select(row => row.Targets)], predictions, task.Labels)))
        {
            result.Add(name, double.IsFinite(value) ? value : null);
        }

        return result;
    }

    /// <summary>What one must know to read these metrics of a task.</summary>
    public static IReadOnlyList<string> Warnings(TaskData task, IReadOnlyList<TextExample> rows) =>
        TextExample.AreLabelled(rows) ? [.. task.Metrics.Select(metric => metric.Warning([.. rows.Select(row => row.Targets)])).OfType<string>()] : [];

    /// <summary>
    /// At most so many rows of a split: the same ones at every evaluation, so that curves compare like with like; spread over the split,
    /// which may be sorted.
    /// </summary>
    public static IReadOnlyList<TextExample> Choose(string task, IReadOnlyList<TextExample> rows, int? atMost) =>
        [.. Chosen(task, rows.Count, atMost).Select(row => rows[row])];

    /// <summary>Which rows these are, of the <paramref name="rows"/> that a split has.</summary>
    public static IReadOnlyList<int> Chosen(string task, int rows, int? atMost)
    {
        if (atMost is not { } count || count >= rows)
        {
            return [.. Enumerable.Range(0, rows)];
        }

        var order = new Permutation(Seeds.Of(task), rows);
        return [.. Enumerable.Range(0, count).Select(place => order[place])];
    }

    private bool StopRequested()
    {
        Span<double> ranks = [channel.StopRequested ? 1 : 0];
        collective.AllReduceSum(ranks);
        return ranks[0] > 0;
    }
}
