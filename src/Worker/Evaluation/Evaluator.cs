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
    /// <returns>False if the ranks were asked to stop before all was evaluated.</returns>
    public bool Run(int step, bool final)
    {
        foreach (var task in tasks.Tasks)
        {
            foreach (var (split, all) in new[] { ("validation", task.Validation), ("test", final ? task.Test : []) })
            {
                if (all.Count == 0)
                {
                    continue;
                }

                if (StopRequested())
                {
                    return false;
                }

                Evaluate(step, final, task, split, Choose(task.Name, all, final ? spec.Evaluation.FinalMaxExamples : spec.Evaluation.MaxExamples));
            }
        }

        return true;
    }

    private void Evaluate(int step, bool final, TaskData task, string split, IReadOnlyList<TextExample> rows)
    {
        var clock = Stopwatch.StartNew();
        var own = rows.Where((_, i) => i % collective.WorldSize == collective.Rank).ToList();
        var ids = TokenizedExamples.Encode(task.Name, own, vocabulary, spec.Training.InputLength, spec.Training.TargetLength);
        double[] loss = LossOf([.. Enumerable.Range(0, ids.Count).Select(row => ids.Row(row, 0))]);
        // A task without metrics asks for nothing but its loss.
        var predicted = task.Metrics.Count > 0 ? Predict(rows, own) : [];
        var gathered = collective.WithDeadline(spec.Recovery.ProgressTimeout, ranks => ranks.AllGather(Encoding.UTF8.GetBytes(ProtocolJson.Write(predicted))))
            .Select(bytes => ProtocolJson.Read<string[]>(Encoding.UTF8.GetString(bytes))).ToList();
        collective.AllReduceSum(loss);
        if (collective.Rank != 0)
        {
            return;
        }

        IReadOnlyList<string> predictions = task.Metrics.Count > 0 ? [.. rows.Select((_, i) => gathered[i % collective.WorldSize][i / collective.WorldSize])] : [];
        var metrics = Score(task, rows, predictions);
        var samples = rows.Zip(predictions).Take(spec.Evaluation.Samples).Select(pair => new SamplePrediction(Cut(pair.First.Inputs), Cut(pair.First.Targets), Cut(pair.Second))).ToList();
        var mean = loss[0] / loss[1];
        channel.Send(new TrainerEvent.Evaluated(new EvaluationRow(
            step,
            final,
            task.Name,
            split,
            rows.Count,
            metrics,
            samples,
            clock.Elapsed.TotalSeconds,
            double.IsFinite(mean) ? mean : null,
            (long)loss[1])));
    }

    /// <summary>All metrics of a task over its predictions; a value that is not a number becomes null.</summary>
    public static SortedDictionary<string, double?> Score(TaskData task, IReadOnlyList<TextExample> rows, IReadOnlyList<string> predictions)
    {
        var result = new SortedDictionary<string, double?>(StringComparer.Ordinal);
        foreach (var (name, value) in task.Metrics.SelectMany(metric => metric.Score([.. rows.Select(row => row.Targets)], predictions, task.Labels)))
        {
            result[name] = double.IsFinite(value) ? value : null;
        }

        return result;
    }

    /// <summary>
    /// At most so many rows of a split: the same ones at every evaluation, so that curves compare like with like; spread over the split,
    /// which may be sorted.
    /// </summary>
    public static IReadOnlyList<TextExample> Choose(string task, IReadOnlyList<TextExample> rows, int? atMost) =>
        atMost < rows.Count ? [.. Chosen(task, rows.Count, atMost.Value).Select(row => rows[row])] : rows;

    /// <summary>The chosen <paramref name="count"/> rows of the <paramref name="rows"/> that a split has.</summary>
    private static IEnumerable<int> Chosen(string task, int rows, int count)
    {
        var order = new Permutation(Seeds.Of(task), rows);
        return Enumerable.Range(0, count).Select(place => order[place]);
    }

    /// <summary>Summed loss and target tokens of this rank's rows: a vector that an exchange sums in the order of ranks.</summary>
    private double[] LossOf(IReadOnlyList<TokenRow> own)
    {
        var loss = new TargetScorer(spec.Evaluation.Batch).Score(predictor, own, channel.Progressed);
        return [loss.Sum, loss.Tokens];
    }

    private string[] Predict(IReadOnlyList<TextExample> all, IReadOnlyList<TextExample> own)
    {
        var limit = TextDecoder.Limit(all.Select(row => row.Targets), vocabulary, spec.Training.TargetLength);
        return new TextDecoder(vocabulary, spec.Training.InputLength, spec.Evaluation.Batch).Predict(predictor, [.. own.Select(row => row.Inputs)], limit, channel.Progressed);
    }

    private bool StopRequested()
    {
        Span<double> ranks = [channel.StopRequested ? 1 : 0];
        collective.AllReduceSum(ranks);
        return ranks[0] > 0;
    }

    private static string Cut(string text) => text.Length > SampleLength ? text[..SampleLength] + "…" : text;
}
