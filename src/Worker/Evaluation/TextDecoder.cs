using Temper.Mixture.Vocabularies;
using Temper.Worker.Decoding;
using Temper.Worker.Model;

namespace Temper.Worker.Evaluation;

/// <summary>Greedy predictions for texts, in batches of similar length.</summary>
/// <param name="vocabulary">The model's vocabulary; null where only ids are decoded.</param>
/// <param name="inputLength">Most input tokens, end of sequence included; longer inputs are cut.</param>
/// <param name="batch">Rows decoded together at most.</param>
public sealed class TextDecoder(IVocabulary? vocabulary, int inputLength, int batch)
{
    /// <summary>One prediction for each input, in their order; null for those of batches that are not <paramref name="isOwn"/>.</summary>
    /// <param name="predictor">What answers.</param>
    /// <param name="inputs">Texts.</param>
    /// <param name="maxNewTokens">Most tokens of a prediction, end of sequence included.</param>
    /// <param name="progressed">Called after each batch.</param>
    /// <param name="isOwn">Which batches are decoded, by their number; all if null.</param>
    /// <param name="stop">Breaks off before the next position.</param>
    /// <exception cref="OperationCanceledException">It was broken off.</exception>
    public string?[] Predict(
        IPredictor predictor, IReadOnlyList<string> inputs, int maxNewTokens, Action progressed, Func<int, bool>? isOwn = null, CancellationToken stop = default)
    {
        var ids = inputs.Select(text => Ids(text)).ToArray();
        return Array.ConvertAll(Decode(predictor, ids, maxNewTokens, progressed, isOwn, stop), row => row is null ? null : Vocabulary.Decode(row));
    }

    /// <summary>Predicted ids for rows of ids, in their order, without end of sequence and padding.</summary>
    /// <exception cref="NonFiniteException">The logits of a row are not finite; names it.</exception>
    public int[][] PredictIds(IPredictor predictor, int[][] inputs, int maxNewTokens, Action progressed) =>
        Array.ConvertAll(Decode(predictor, inputs, maxNewTokens, progressed, isOwn: null, CancellationToken.None), row => row!);

    private int[]?[] Decode(IPredictor predictor, int[][] inputs, int maxNewTokens, Action progressed, Func<int, bool>? isOwn, CancellationToken stop)
    {
        var predictions = new int[]?[inputs.Length];
        foreach (var (number, rows) in LengthBatches.Of(Array.ConvertAll(inputs, row => row.Length), batch).Index())
        {
            if (isOwn?.Invoke(number) == false)
            {
                continue;
            }

            var (padded, length) = ModelBatch.Rectangle([.. rows.Select(row => inputs[row].AsMemory())]);
            var decoded = Decode(predictor, rows, padded, length, maxNewTokens, stop);
            foreach (var (i, row) in rows.Index())
            {
                predictions[row] = decoded[i];
            }

            progressed();
        }

        return predictions;
    }

    private static int[][] Decode(IPredictor predictor, int[] rows, int[] padded, int length, int maxNewTokens, CancellationToken stop)
    {
        try
        {
            return GreedyDecoder.Decode(predictor, rows.Length, length, padded, maxNewTokens, stop);
        }
        catch (NonFiniteException e) when (e.Row is { } row)
        {
            throw new NonFiniteException($"Row {rows[row] + 1} has logits that are not finite: a weight of the model is so large that the computation overflows. Take another checkpoint of it.", rows[row]);
        }
    }

    /// <summary>A text as the model takes it: cut, with its end of sequence.</summary>
    public int[] Ids(string text)
    {
        var ids = Vocabulary.Encode(text);
        return [.. ids.AsSpan(0, Math.Min(ids.Length, inputLength - 1)), SpecialIds.Eos];
    }

    private IVocabulary Vocabulary => vocabulary ?? throw new InvalidOperationException("Text needs a vocabulary.");
}
