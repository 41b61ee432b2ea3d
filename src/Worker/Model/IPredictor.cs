using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>What answers and scores: one model, or several that answer together. Without dropout and without gradients. Not thread-safe.</summary>
public interface IPredictor : IDisposable
{
    /// <summary>V, the number of logits at each position.</summary>
    int VocabularySize { get; }

    /// <summary>Number of weights, of all models together.</summary>
    long ParameterCount { get; }

    /// <summary>Reads the inputs: where decoding starts. The caller disposes of what it gets.</summary>
    /// <param name="inputIds">B·S ids, padded with 0.</param>
    /// <param name="rows">B, the number of inputs.</param>
    /// <param name="inputLength">S, padded ids per input.</param>
    IDecoding StartDecoding(int[] inputIds, int rows, int inputLength);

    /// <summary>Teacher-forced cross entropy: the summed log-probabilities of each row's targets, negated.</summary>
    /// <exception cref="ArgumentException">The batch has no target.</exception>
    BatchLoss Evaluate(ModelBatch batch);

    /// <summary>The logits at all target positions, [B, T, V], fp32; for tests and tools, as it is large.</summary>
    Tensor Logits(ModelBatch batch);
}

/// <summary>A batch that is being decoded, one position after the other.</summary>
public interface IDecoding : IDisposable
{
    /// <summary>Positions decoded so far.</summary>
    int Position { get; }

    /// <summary>The next position: logits [B, V], fp32; the caller's to dispose.</summary>
    /// <param name="ids">B ids, those of the last position; zeros at the first.</param>
    Tensor Step(int[] ids);

    /// <summary>Keeps only these rows, in this order; a row may be repeated.</summary>
    void Select(int[] rows);
}
