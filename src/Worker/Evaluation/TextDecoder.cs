using Temper.Mixture.Vocabularies;
using Temper.Worker.Decoding;
using Temper.Worker.Model;

namespace Temper.Worker.Evaluation;

/// <summary>Greedy predictions for texts, in batches of similar length.</summary>
/// <param name="vocabulary">The model's vocabulary; null where only ids are decoded.</param>
/// <param name="inputLength">Most input tokens, end of sequence included; longer inputs are cut.</param>
/// <param name="batch">Rows decoded together.</param>
public sealed class TextDecoder(IVocabulary? vocabulary, int inputLength, int batch)
{
    /// <summary>
    /// How many tokens to decode at most: half as many again as the longest reference and ten more, as T5's own decoding allows over
    /// its inputs, but never more than <paramref name="atMost"/>.
    /// </summary>
    public static int Limit(IEnumerable<string> references, IVocabulary vocabulary, int atMost) =>
        Math.Min(atMost, (references.Max(text => vocabulary.Encode(text).Length) * 3 / 2) + 10);

    /// <summary>One prediction for each input, in their order.</summary>
    /// <param name="predictor">What answers.</param>
    /// <param name="inputs">Texts.</param>
    /// <param name="maxNewTokens">Most tokens of a prediction.</param>
    /// <param name="progressed">Called after each batch.</param>
    public string[] Predict(IPredictor predictor, IReadOnlyList<string> inputs, int maxNewTokens, Action progressed)
    {
        var ids = inputs.Select(text => Ids(text)).ToArray();
        return [.. PredictIds(predictor, ids, maxNewTokens, progressed).Select(row => Vocabulary.Decode(row))];
    }

    /// <summary>Predicted ids for rows of ids, in their order, without end of sequence and padding.</summary>
    /// <exception cref="NonFiniteException">The logits of a row are not finite; names it.</exception>
    public int[][] PredictIds(IPredictor predictor, int[][] inputs, int maxNewTokens, Action progressed)
    {
        var predictions = new int[inputs.Length][];
        foreach (var rows in Enumerable.Range(0, inputs.Length).OrderBy(row => inputs[row].Length).Chunk(batch))
        {
            var (padded, length) = ModelBatch.Rectangle([.. rows.Select(row => inputs[row].AsMemory())]);
            var decoded = Decode(predictor, rows, padded, length, maxNewTokens);
            foreach (var (i, row) in rows.Index())
            {
                predictions[row] = decoded[i];
            }

            progressed();
        }

        return predictions;
    }

    private static int[][] Decode(IPredictor predictor, int[] rows, int[] padded, int length, int maxNewTokens)
    {
        try
        {
            return GreedyDecoder.Decode(predictor, rows.Length, length, padded, maxNewTokens);
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
