using System.Diagnostics;
using System.Text;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Worker.Collectives;
using Temper.Worker.Model;
using Temper.Worker.Training;

namespace Temper.Worker.Evaluation;

/// <summary>
/// Evaluates the tasks of a run with all ranks: each decodes its part of the rows, all see all predictions, rank 0 reports.
/// </summary>
public sealed class Evaluator(T5Model model, TaskSet tasks, IVocabulary vocabulary, RunSpec spec, ICollective collective, TrainerChannel channel)
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
        var own = Enumerable.Range(0, rows.Count).Where(i => i % collective.WorldSize == collective.Rank).ToList();
        var decoder = new TextDecoder(vocabulary, spec.Training.InputLength, spec.Evaluation.Batch);
        var limit = TextDecoder.Limit(rows.Select(row => row.Targets), vocabulary, spec.Training.TargetLength);
        var predicted = decoder.Predict(model, [.. own.Select(i => rows[i].Inputs)], limit, channel.Progressed);
        var gathered = collective.WithDeadline(spec.Recovery.ProgressTimeout, ranks => ranks.AllGather(Encoding.UTF8.GetBytes(ProtocolJson.Write(predicted))))
            .Select(bytes => ProtocolJson.Read<string[]>(Encoding.UTF8.GetString(bytes))).ToList();
        if (collective.Rank != 0)
        {
            return;
        }

        var predictions = rows.Select((_, i) => gathered[i % collective.WorldSize][i / collective.WorldSize]).ToList();
        var metrics = Score(task, rows, predictions);
        var samples = rows.Zip(predictions).Take(spec.Evaluation.Samples).Select(pair => new SamplePrediction(Cut(pair.First.Inputs), Cut(pair.First.Targets), Cut(pair.Second))).ToList();
        channel.Send(new TrainerEvent.Evaluated(new EvaluationRow(step, final, task.Name, split, rows.Count, metrics, samples, clock.Elapsed.TotalSeconds)));
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
    public static IReadOnlyList<TextExample> Choose(string task, IReadOnlyList<TextExample> rows, int? atMost)
    {
        if (atMost is not { } count || count >= rows.Count)
        {
            return rows;
        }

        var order = new Permutation(Seeds.Of(task), rows.Count);
        return [.. Enumerable.Range(0, count).Select(place => rows[order[place]])];
    }

    private bool StopRequested()
    {
        Span<double> ranks = [channel.StopRequested ? 1 : 0];
        collective.AllReduceSum(ranks);
        return ranks[0] > 0;
    }

    private static string Cut(string text) => text.Length > SampleLength ? text[..SampleLength] + "…" : text;
}
