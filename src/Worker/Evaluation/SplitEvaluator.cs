using System.Diagnostics;
using System.Text;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Examples;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Tasks;
using Temper.Worker.Collectives;
using Temper.Worker.Model;

namespace Temper.Worker.Evaluation;

/// <summary>
/// Evaluates one split of one task, in a run and for <c>temper evaluate</c> alike. Batches are made of all rows and dealt whole to the ranks,
/// and losses are added up in the order of rows in double precision: any number of ranks finds the same numbers, to the last bit, where the
/// ranks compute with the same precision and number of threads on processors of the same kind.
/// </summary>
/// <param name="predictor">What answers and scores.</param>
/// <param name="vocabulary">Text to ids.</param>
/// <param name="spec">Lengths, batch, number of rows and of samples.</param>
/// <param name="collective">The ranks.</param>
/// <param name="progressed">Called after each batch.</param>
public sealed class SplitEvaluator(IPredictor predictor, IVocabulary vocabulary, RunSpec spec, ICollective collective, Action progressed)
{
    private const int SampleLength = 400;

    /// <summary>The evaluation of a split; the same on all ranks, save for its seconds.</summary>
    /// <param name="step">After how many steps.</param>
    /// <param name="final">Whether it is the evaluation at the end of a run, which may take more rows.</param>
    /// <param name="task">The task. One without metrics asks for nothing but its loss: its rows are no texts.</param>
    /// <param name="split"><c>validation</c> or <c>test</c>.</param>
    /// <param name="rows">The rows of the split as ids.</param>
    /// <param name="stop">Breaks it off on this rank, and with it on all.</param>
    /// <returns>Null, on all ranks, if it was broken off on any.</returns>
    /// <exception cref="NonFiniteException">The logits of a row are not finite. Raised on all ranks, with the same message, whichever rank found it.</exception>
    public EvaluationRow? Evaluate(int step, bool final, TaskData task, string split, ITokenSource rows, CancellationToken stop = default)
    {
        var clock = Stopwatch.StartNew();
        var chosen = Evaluator.Chosen(task.Name, rows.Count, final ? spec.Evaluation.FinalMaxExamples : spec.Evaluation.MaxExamples);
        var all = TaskSources.TextOf(task, split);
        IReadOnlyList<TextExample> texts = task.Metrics.Count > 0 ? [.. chosen.Select(row => all[row])] : [];
        var (own, part) = ComputeOwn([.. chosen.Select(row => rows.Row(row, 0))], texts, stop);
        if (OfAllRanks(part) is not { } predictions)
        {
            return null;
        }

        var (loss, tokens) = OfAllRanks(own!);
        var samples = texts.Zip(predictions).Take(spec.Evaluation.Samples).Select(pair => new SamplePrediction(Cut(pair.First.Inputs), Cut(pair.First.Targets), Cut(pair.Second))).ToList();
        var mean = loss / tokens;
        var labelled = TextExample.AreLabelled(texts);
        return new EvaluationRow(
            step,
            final,
            task.Name,
            split,
            chosen.Count,
            Evaluator.Score(task, texts, predictions),
            samples,
            clock.Elapsed.TotalSeconds,
            labelled && double.IsFinite(mean) ? mean : null,
            labelled ? tokens : 0,
            labelled,
            Evaluator.Warnings(task, texts) is { Count: > 0 } warnings ? warnings : null);
    }

    private bool IsOwn(int turn) => turn % collective.WorldSize == collective.Rank;

    /// <summary>This rank's loss, null if it has none, and what it tells the others.</summary>
    private (BatchLoss? Loss, Part Part) ComputeOwn(IReadOnlyList<TokenRow> rows, IReadOnlyList<TextExample> texts, CancellationToken stop)
    {
        try
        {
            var loss = new TargetScorer(spec.Evaluation.Batch).Score(predictor, rows, progressed, batch => IsOwn(batch), stop);
            // The turns begin with the next rank: of a split that is a single batch one rank computes the loss while another decodes.
            var predictions = new TextDecoder(vocabulary, spec.Training.InputLength, spec.Evaluation.Batch)
                .Predict(predictor, [.. texts.Select(row => row.Inputs)], spec.DecodeLength, progressed, batch => IsOwn(batch + 1), stop);
            return (loss, new Part(predictions));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return (null, new Part(null));
        }
        catch (NonFiniteException e)
        {
            // Thrown after the others have heard of it: of a rank that went without a word they would only know that an exchange has failed.
            return (null, new Part(null, e.Message));
        }
    }

    /// <summary>What the ranks predict together, in the order of rows; null if any was broken off. Fails if any has failed. Waits for the slowest of them.</summary>
    private string[]? OfAllRanks(Part own)
    {
        var gathered = collective.WithDeadline(spec.Recovery.ProgressTimeout, all => all.AllGather(Encoding.UTF8.GetBytes(ProtocolJson.Write(own))));
        var parts = gathered.Select(part => ProtocolJson.Read<Part>(Encoding.UTF8.GetString(part))).ToList();
        if (parts.Select(part => part.NonFinite).FirstOrDefault(message => message is not null) is { } failure)
        {
            throw new NonFiniteException(failure);
        }

        var ranks = parts.Select(part => part.Predictions).OfType<IReadOnlyList<string?>>().ToList();
        return ranks.Count < parts.Count ? null : [.. ranks[0].Select((_, row) => ranks.Select(rank => rank[row]).OfType<string>().Single())];
    }

    /// <summary>Summed loss and target tokens of all rows. A row's loss is computed by one rank, and zero at the others: their sum is exact.</summary>
    private (double Loss, long Tokens) OfAllRanks(BatchLoss own)
    {
        double[] rows = [.. own.RowLoss, .. own.RowTokens];
        collective.AllReduceSum(rows);
        var (loss, tokens) = (0.0, 0.0);
        for (var row = 0; row < own.RowLoss.Length; row++)
        {
            loss += rows[row];
            tokens += rows[own.RowLoss.Length + row];
        }

        return (loss, (long)tokens);
    }

    /// <summary>What a rank tells the others.</summary>
    /// <param name="Predictions">Its predictions, null for the rows of others; null if it was broken off or failed.</param>
    /// <param name="NonFinite">Why it failed, if the logits of a row are not finite.</param>
    private sealed record Part(IReadOnlyList<string?>? Predictions, string? NonFinite = null);

    private static string Cut(string text) => text.Length > SampleLength ? text[..SampleLength] + "…" : text;
}
