using Temper.Mixture.Batching;
using Temper.Worker.Decoding;
using Temper.Worker.Model;

namespace Temper.Worker.Evaluation;

/// <summary>Teacher-forced losses of given targets, in batches of similar length.</summary>
/// <param name="batch">Rows computed together.</param>
public sealed class TargetScorer(int batch)
{
    /// <summary>The loss of each row, in their order.</summary>
    /// <param name="predictor">What scores.</param>
    /// <param name="rows">Inputs and targets, both with their end of sequence.</param>
    /// <param name="progressed">Called after each batch.</param>
    public BatchLoss Score(IPredictor predictor, IReadOnlyList<TokenRow> rows, Action progressed)
    {
        var (loss, tokens) = (new double[rows.Count], new int[rows.Count]);
        foreach (var chunk in Enumerable.Range(0, rows.Count).OrderBy(row => rows[row].Inputs.Length).Chunk(batch))
        {
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
