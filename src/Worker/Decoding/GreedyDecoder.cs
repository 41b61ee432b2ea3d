using Temper.Mixture.Vocabularies;
using Temper.Worker.Devices;
using Temper.Worker.Model;
using static TorchSharp.torch;

namespace Temper.Worker.Decoding;

/// <summary>
/// Greedy decoding of a batch: the likeliest id at each position until the end id. Keys and values of past positions are kept, those
/// of the encoder's output computed once; rows that are done leave the batch.
/// </summary>
public static class GreedyDecoder
{
    /// <summary>The decoded ids of each row, without the end id. A predicted 0 is kept: it is the model's word, not padding.</summary>
    /// <param name="predictor">What answers.</param>
    /// <param name="rows">B, the number of inputs.</param>
    /// <param name="inputLength">S, padded ids per input.</param>
    /// <param name="inputIds">B·S ids, padded with 0.</param>
    /// <param name="maxLength">Most ids per row, the end id included; rows that reach it are cut.</param>
    /// <param name="stop">Breaks off before the next position.</param>
    /// <exception cref="NonFiniteException">The logits of a row are not finite; names it.</exception>
    /// <exception cref="OperationCanceledException">It was broken off.</exception>
    public static int[][] Decode(IPredictor predictor, int rows, int inputLength, int[] inputIds, int maxLength, CancellationToken stop = default)
    {
        using var decoding = predictor.StartDecoding(inputIds, rows, inputLength);
        var results = Enumerable.Range(0, rows).Select(_ => new List<int>()).ToArray();
        var active = Enumerable.Range(0, rows).ToArray();
        var last = new int[rows];
        while (active.Length > 0 && decoding.Position < maxLength)
        {
            stop.ThrowIfCancellationRequested();
            var next = MostLikely(decoding, last, active);
            var going = Enumerable.Range(0, active.Length).Where(i => next[i] != SpecialIds.Eos).ToArray();
            if (going.Length > 0 && going.Length < active.Length)
            {
                decoding.Select(going);
            }

            active = Array.ConvertAll(going, i => active[i]);
            last = Array.ConvertAll(going, i => next[i]);
            for (var i = 0; i < active.Length; i++)
            {
                results[active[i]].Add(last[i]);
            }
        }

        return Array.ConvertAll(results, ids => ids.ToArray());
    }

    private static int[] MostLikely(IDecoding decoding, int[] last, int[] active)
    {
        using var scope = NewDisposeScope();
        // A NaN anywhere in a row is its largest value.
        var (largest, ids) = decoding.Step(last).max(-1);
        var bad = Array.FindIndex(largest.ToHost().data<float>().ToArray(), value => !float.IsFinite(value));
        return bad < 0
            ? Array.ConvertAll(ids.ToHost().data<long>().ToArray(), id => (int)id)
            : throw new NonFiniteException($"Row {active[bad]} of the batch has logits that are not finite at position {decoding.Position - 1}.", active[bad]);
    }
}
