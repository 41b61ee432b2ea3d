using System.Diagnostics;
using System.Text;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Worker.Collectives;
using Temper.Worker.Decoding;
using Temper.Worker.Training;

namespace Temper.Worker.Evaluation;

/// <summary>
/// Evaluates the tasks of a run with all ranks: each scores and decodes its part of the rows, all see all of it, rank 0 reports. The loss is
/// that of the same rows as are decoded, cut as in training.
/// </summary>
public sealed class Evaluator(IPredictor predictor, TaskSet tasks, IVocabulary vocabulary, RunSpec spec, ICollective collective, TrainerChannel channel)
{
    private const int SampleLength = 400;

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

                var rows = tasks.EvaluationRows(index, split);
                var chosen = Chosen(task.Name, rows.Count, final ? spec.Evaluation.FinalMaxExamples : spec.Evaluation.MaxExamples);
                // A task without metrics asks for nothing but its loss; its rows are no texts.
                Evaluate(step, final, task, split, rows, chosen, task.Metrics.Count > 0 ? [.. chosen.Select(row => texts[row])] : []);
                done?.Add($"{task.Name}/{split}");
            }
        }

        return true;
    }

    private void Evaluate(int step, bool final, TaskData task, string split, ITokenSource rows, IReadOnlyList<int> chosen, IReadOnlyList<TextExample> texts)
    {
        var clock = Stopwatch.StartNew();
        var loss = LossOf([.. Own(chosen).Select(row => rows.Row(row, 0))]);
        var predicted = Predict(texts);
        var gathered = collective.WithDeadline(spec.Recovery.ProgressTimeout, ranks => ranks.AllGather(Encoding.UTF8.GetBytes(ProtocolJson.Write(predicted))))
            .Select(bytes => ProtocolJson.Read<string[]>(Encoding.UTF8.GetString(bytes))).ToList();
        collective.AllReduceSum(loss);
        if (collective.Rank != 0)
        {
            return;
        }

        var predictions = texts.Select((_, i) => gathered[i % collective.WorldSize][i / collective.WorldSize]).ToList();
        var samples = texts.Zip(predictions).Take(spec.Evaluation.Samples).Select(pair => new SamplePrediction(Cut(pair.First.Inputs), Cut(pair.First.Targets), Cut(pair.Second))).ToList();
        var mean = loss[0] / loss[1];
        var labelled = TextExample.AreLabelled(texts);
        channel.Send(new TrainerEvent.Evaluated(new EvaluationRow(
            step,
            final,
            task.Name,
            split,
            chosen.Count,
            Score(task, texts, predictions),
            samples,
            clock.Elapsed.TotalSeconds,
            labelled && double.IsFinite(mean) ? mean : null,
            labelled ? (long)loss[1] : 0,
            labelled,
            Warnings(task, texts) is { Count: > 0 } warnings ? warnings : null)));
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

    // Dealt in turn: rows of similar length often lie together.
    private IEnumerable<T> Own<T>(IEnumerable<T> rows) => rows.Where((_, i) => i % collective.WorldSize == collective.Rank);

    /// <summary>Summed loss and target tokens of this rank's rows: a vector that an exchange sums in the order of ranks.</summary>
    private double[] LossOf(IReadOnlyList<TokenRow> own)
    {
        var loss = new TargetScorer(spec.Evaluation.Batch).Score(predictor, own, channel.Progressed);
        return [loss.Sum, loss.Tokens];
    }

    private string[] Predict(IReadOnlyList<TextExample> all)
    {
        if (all.Count == 0)
        {
            return [];
        }

        var limit = TextDecoder.Limit(all.Select(row => row.Targets), vocabulary, spec.Training.TargetLength);
        return new TextDecoder(vocabulary, spec.Training.InputLength, spec.Evaluation.Batch).Predict(predictor, [.. Own(all).Select(row => row.Inputs)], limit, channel.Progressed);
    }

    private bool StopRequested()
    {
        Span<double> ranks = [channel.StopRequested ? 1 : 0];
        collective.AllReduceSum(ranks);
        return ranks[0] > 0;
    }

    private static string Cut(string text) => text.Length > SampleLength ? text[..SampleLength] + "…" : text;
}
