using Temper.Mixture.Examples;
using Temper.Worker.Model;

namespace Temper.Worker.Evaluation;

/// <summary>Teacher-forced losses of given targets, in batches of similar length.</summary>
/// <param name="batch">Rows computed together at most.</param>
public sealed class TargetScorer(int batch)
{
    /// <summary>The loss of each row, in their order.</summary>
    /// <param name="predictor">What scores.</param>
    /// <param name="rows">Inputs and targets, both with their end of sequence.</param>
    /// <param name="progressed">Called after each batch.</param>
    /// <param name="isOwn">Which batches are computed, by their number; the rows of others are left at 0. All if null.</param>
    /// <param name="stop">Breaks off before the next batch.</param>
    /// <exception cref="OperationCanceledException">It was broken off.</exception>
    public BatchLoss Score(IPredictor predictor, IReadOnlyList<TokenRow> rows, Action progressed, Func<int, bool>? isOwn = null, CancellationToken stop = default)
    {
        var (loss, tokens) = (new double[rows.Count], new int[rows.Count]);
        foreach (var (number, chunk) in LengthBatches.Of([.. rows.Select(row => row.Inputs.Length)], batch).Index())
        {
            if (isOwn?.Invoke(number) == false)
            {
                continue;
            }

            stop.ThrowIfCancellationRequested();
            var scored = predictor.Evaluate(ModelBatch.Of([.. chunk.Select(row => rows[row].Inputs)], [.. chunk.Select(row => rows[row].Targets)]));
            foreach (var (i, row) in chunk.Index())
            {
                (loss[row], tokens[row]) = (scored.RowLoss[i], scored.RowTokens[i]);
            }

            progressed();
        }

        return new BatchLoss(loss, tokens, ZLoss: 0);
    }
}
