using Temper.Mixture.Batching;

namespace Temper.Contracts.Models;

/// <summary>What a model of a given shape costs: parameters exactly, operations nearly exactly, memory as an estimate.</summary>
public static class T5Costs
{
    // Measured: the runtime, libtorch and the allocator's reserve, before any model.
    private const double ProcessBytes = 350e6;

    /// <summary>The number of parameters, tied ones once.</summary>
    public static long Parameters(T5Config config)
    {
        var (d, inner) = ((long)config.ModelSize, (long)config.Heads * config.HeadSize);
        var attention = 4 * d * inner;
        var feedForward = (config.Gated ? 3 : 2) * d * config.HiddenSize;
        var biasTable = (long)config.Buckets * config.Heads;
        var encoder = (config.EncoderLayers * (attention + feedForward + (2 * d))) + biasTable + d;
        var decoder = (config.DecoderLayers * ((2 * attention) + feedForward + (3 * d))) + biasTable + d;
        return ((config.Tied ? 1 : 2) * config.VocabularySize * d) + encoder + decoder;
    }

    /// <summary>
    /// Floating-point operations of training on one rectangle of rows (forward, and twice that backward): all matrix products, a multiply-add
    /// counted as two. Checked against the products that torch runs. Left out, together a few percent: norms, softmax, the optimizer, and the
    /// lookup of position biases, which all rows of a rectangle share.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="rows">Sequences in the rectangle.</param>
    /// <param name="inputLength">Padded input tokens per sequence.</param>
    /// <param name="targetLength">Padded target tokens per sequence.</param>
    /// <param name="targetTokens">Targets that are no padding: the vocabulary product is computed for these alone.</param>
    public static double TrainingFlops(T5Config config, long rows, long inputLength, long targetLength, long targetTokens)
    {
        var (d, inner) = ((double)config.ModelSize, (double)config.Heads * config.HeadSize);
        var (inputs, targets) = ((double)rows * inputLength, (double)rows * targetLength);
        var feedForward = (config.Gated ? 3 : 2) * d * config.HiddenSize;
        var encoder = config.EncoderLayers * ((inputs * ((4 * d * inner) + feedForward)) + (2 * inner * inputs * inputLength));
        var decoder = config.DecoderLayers * ((targets * ((6 * d * inner) + feedForward)) + (inputs * 2 * d * inner)
            + (2 * inner * targets * (targetLength + inputLength)));
        return 3 * 2 * (encoder + decoder + (targetTokens * d * config.VocabularySize));
    }

    /// <summary>Operations of a step as it is computed: every micro-batch of every rank padded to its longest rows.</summary>
    public static double TrainingFlops(T5Config config, BatchPlan plan) => plan.Ranks.Sum(rank => rank.Sum(rows => TrainingFlops(
        config, rows.Length, rows.Max(row => row.InputTokens), rows.Max(row => row.TargetTokens), rows.Sum(row => (long)row.TargetTokens))));

    /// <summary>What the same step would take if no row had to be padded: the difference is padding's share.</summary>
    public static double UnpaddedFlops(T5Config config, BatchPlan plan) =>
        plan.Rows.Sum(row => TrainingFlops(config, 1, row.InputTokens, row.TargetTokens, row.TargetTokens));

    /// <summary>
    /// Bytes that the steps of training take at their peak, within about a quarter: the process itself, master weights and gradients (fp32), the optimizer's
    /// state, the bf16 copy and its gradients, and what one micro-batch keeps for its backward pass.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="rows">Sequences in one micro-batch.</param>
    /// <param name="inputLength">Padded input tokens per sequence.</param>
    /// <param name="targetLength">Padded target tokens per sequence.</param>
    /// <param name="bfloat16">Whether matrix products run in bf16.</param>
    /// <param name="optimizerBytesPerParameter">8 for AdamW, about 0 for Adafactor.</param>
    public static long TrainingBytes(
        T5Config config, long rows, long inputLength, long targetLength, bool bfloat16, double optimizerBytesPerParameter)
    {
        var (d, inner, f) = ((double)config.ModelSize, (double)config.Heads * config.HeadSize, (double)config.HiddenSize);
        var (inputs, targets) = ((double)rows * inputLength, (double)rows * targetLength);
        var width = bfloat16 ? 2 : 4;
        // Kept per token and sublayer: the fp32 residual stream with its normed form, and the inputs of every product.
        var norm = d * (8 + width);
        var feedForward = norm + ((config.Gated ? 4 : 2) * f * width);
        // The scores of attention are fp32: in bf16 they keep copies of queries and keys, and their softmax is kept in both types.
        var copied = bfloat16 ? 4 : 0;
        var attention = norm + (inner * ((4 * width) + (2 * copied)));
        var score = bfloat16 ? 4 + width : 2 * width;
        var encoder = config.EncoderLayers * ((inputs * (attention + feedForward)) + (score * config.Heads * inputs * inputLength));
        var decoder = config.DecoderLayers * ((targets * ((2 * attention) + feedForward)) + (inputs * inner * ((2 * width) + copied))
            + (score * config.Heads * targets * (targetLength + inputLength)));
        var logits = Math.Min(targets, 512) * config.VocabularySize * (4 + (2 * width));

        // The position biases that the layers share, those of the encoder with the mask of each row, and their gradients.
        var biases = 2 * config.Heads * (((inputs + inputLength) * inputLength) + ((double)targetLength * targetLength)) * 4;
        return (long)(ProcessBytes + TrainingState(config, bfloat16, optimizerBytesPerParameter) + encoder + decoder + biases + logits);
    }

    /// <summary>Bytes that an evaluation between the steps of training takes at its peak: the weights with all that training keeps of them, and what is decoded.</summary>
    /// <inheritdoc cref="TrainingBytes" path="/param"/>
    public static long EvaluationWhileTrainingBytes(
        T5Config config, long rows, long inputLength, long targetLength, bool bfloat16, double optimizerBytesPerParameter)
    {
        var width = bfloat16 ? 2 : 4;
        return (long)(ProcessBytes + TrainingState(config, bfloat16, optimizerBytesPerParameter)
            + DecoderCache(config, rows, inputLength, targetLength, width) + DecodingWork(config, rows, inputLength, targetLength, width));
    }

    /// <summary>
    /// Bytes that evaluating takes at its peak, without gradients: the process itself, the weights (fp32, and their bf16 copies) and the keys and
    /// values of every member that answers, and what one layer of the largest of them computes with.
    /// </summary>
    /// <param name="members">Shapes of the models that answer together; one for a model by itself.</param>
    /// <param name="rows">Sequences that are decoded together.</param>
    /// <param name="inputLength">Padded input tokens per sequence.</param>
    /// <param name="targetLength">Most target tokens per sequence.</param>
    /// <param name="bfloat16">Whether matrix products run in bf16.</param>
    public static long EvaluationBytes(IReadOnlyList<T5Config> members, long rows, long inputLength, long targetLength, bool bfloat16)
    {
        var width = bfloat16 ? 2 : 4;
        return (long)(ProcessBytes
            + members.Sum(member => Weights(member) + DecoderCache(member, rows, inputLength, targetLength, width))
            + members.Max(member => DecodingWork(member, rows, inputLength, targetLength, width)));

        double Weights(T5Config member) => (double)Parameters(member) * (4 + (bfloat16 ? 2 : 0));
    }

    private static double TrainingState(T5Config config, bool bfloat16, double optimizerBytesPerParameter) =>
        Parameters(config) * (8 + optimizerBytesPerParameter + (bfloat16 ? 4 : 0));

    private static double DecoderCache(T5Config config, double rows, double inputLength, double targetLength, int width) =>
        rows * (inputLength + targetLength) * config.DecoderLayers * config.Heads * config.HeadSize * (4 + width);

    /// <summary>What one layer computes with, the position biases included, or the logits where they are larger.</summary>
    private static double DecodingWork(T5Config config, double rows, double inputLength, double targetLength, int width)
    {
        var norm = config.ModelSize * (8.0 + width);
        var attention = 16.0 * config.Heads * (config.HeadSize + inputLength);
        var feedForward = (config.Gated ? 3.0 : 2.0) * config.HiddenSize * width;
        var logits = Math.Min(Math.Max(rows, rows * targetLength), 1024) * config.VocabularySize * (4.0 + width);
        var biases = (double)config.Heads * inputLength * inputLength * 4;
        return Math.Max(biases + (rows * inputLength * (norm + Math.Max(attention, feedForward))), logits);
    }
}
