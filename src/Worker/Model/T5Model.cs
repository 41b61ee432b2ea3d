using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Vocabularies;
using Temper.Worker.Devices;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

// Shapes: B rows, S input length, T target length, L either, D model, H heads, K per head, F hidden, V vocabulary, N real targets.

/// <summary>
/// T5, an encoder-decoder (Raffel et al. 2020, arXiv:1910.10683): pre-norm blocks without biases, relative position biases shared by
/// the layers of a stack, unscaled attention logits. v1.0 and v1.1 differ in the feed-forward layer and in the output matrix.
/// </summary>
/// <remarks>
/// Not thread-safe. In bf16 the products read bf16 copies of the parameters and the residual stream stays fp32; so do the scores of attention
/// and their softmax, as in T5's own code on Mesh TensorFlow: as bf16, scores of 8 to 64 would lie 0.06 to 0.25 apart. Dropout masks are
/// shared along the length, as in T5's own code, so that dropping attention to a key is dropping that key's value.
/// </remarks>
public sealed class T5Model : IPredictor
{
    // Large enough to vanish in a softmax, and finite when a bias is added.
    internal const float Masked = -1e9f;

    private readonly EncoderBlock[] _encoder;
    private readonly DecoderBlock[] _decoder;
    private readonly Tensor _encoderNorm, _decoderNorm;
    private readonly PositionBias _encoderBias, _decoderBias;
    private readonly VocabularyLoss _loss;

    /// <summary>A model with zero parameters: load a checkpoint into it, or call the other constructor.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="precision">Of matrix products.</param>
    /// <param name="device">Where to compute; the processor if null.</param>
    /// <param name="trainable">Whether there is room for gradients; without, the model takes half the memory and cannot be trained.</param>
    public T5Model(T5Config config, Precision precision, Device? device = null, bool trainable = true)
    {
        TorchLibrary.Load();
        if (config.Problems() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(config));
        }

        Config = config;
        var (groups, matrices) = T5Layout.Groups(config);
        Parameters = new FlatParameters(groups, matrices, uncopiedGroups: config.Tied ? 0 : 1, precision, device ?? ComputeDevice.Cpu.TorchDevice, trainable);
        _encoder = [.. T5Layout.Blocks("encoder", config.EncoderLayers).Select(block => new EncoderBlock(
            Parameters.Leaf(T5Layout.Norm(block, 0)), AttentionOf(block), FeedForwardOf(block, 1)))];
        _decoder = [.. T5Layout.Blocks("decoder", config.DecoderLayers).Select(block => new DecoderBlock(
            Parameters.Leaf(T5Layout.Norm(block, 0)),
            AttentionOf(block),
            Parameters.Leaf(T5Layout.Norm(block, 1)),
            Parameters.Matrix(T5Layout.CrossAttention(block, "q")),
            Parameters.Matrix(T5Layout.CrossAttention(block, "k"), T5Layout.CrossAttention(block, "v")),
            Parameters.Matrix(T5Layout.CrossAttention(block, "o")),
            FeedForwardOf(block, 2)))];
        (_encoderNorm, _decoderNorm) = (Parameters.Leaf(T5Layout.FinalNorm("encoder")), Parameters.Leaf(T5Layout.FinalNorm("decoder")));
        (_encoderBias, _decoderBias) = (new PositionBias(config, Parameters, "encoder"), new PositionBias(config, Parameters, "decoder"));
        _loss = new VocabularyLoss(Parameters, config);
    }

    /// <summary>A model with T5's own initial weights.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="precision">Of matrix products.</param>
    /// <param name="initialization">Seed and deviation of the embedding.</param>
    /// <param name="device">Where to compute; the processor if null.</param>
    public T5Model(T5Config config, Precision precision, T5Initialization initialization, Device? device = null)
        : this(config, precision, device) => T5Initializer.Initialize(Parameters, config, initialization);

    /// <summary>The shape.</summary>
    public T5Config Config { get; }

    /// <summary>Parameters and gradients.</summary>
    public FlatParameters Parameters { get; }

    /// <inheritdoc/>
    public int VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public long ParameterCount => Parameters.Slots.Sum(slot => slot.Count);

    /// <summary>
    /// Adds the gradient of <paramref name="scale"/> · (summed cross entropy + z-loss) to <see cref="FlatParameters.Gradients"/>, and
    /// returns the unscaled losses. Pass 1 / (targets of the whole step, over all workers) as the scale for a mean over targets.
    /// </summary>
    /// <param name="batch">One micro-batch, with at least one target.</param>
    /// <param name="scale">Factor of the gradient.</param>
    /// <param name="dropoutSeed">Seed of this micro-batch's dropout masks; null: no dropout.</param>
    /// <param name="zLoss">Weight of the squared log partition function; 1e-4 in T5's own code, 0 for none.</param>
    public BatchLoss AccumulateGradients(ModelBatch batch, float scale, long? dropoutSeed = null, double zLoss = 0)
    {
        using var scope = NewDisposeScope();
        using var dropout = new DropoutMasks(dropoutSeed is null ? 0 : Config.Dropout, dropoutSeed ?? 0, Parameters.Device);
        using var inputs = Embed(batch.InputIds, batch.Rows, batch.InputLength);
        using var shifted = Embed(ShiftRight(batch), batch.Rows, batch.TargetLength);
        inputs.Rows.requires_grad_();
        shifted.Rows.requires_grad_();
        var biases = Biases(batch);
        biases.Encoder_1HSS.requires_grad_();
        biases.Decoder_1HTT.requires_grad_();
        var targets = Targets.Of(batch);
        var hidden_ND = Hidden(batch, inputs, shifted, biases, targets, dropout);

        var (loss, gradient_ND) = _loss.LossAndGradient(hidden_ND.detach(), targets, scale, zLoss);
        using (TensorCores.ForFp32(Parameters.Precision, Parameters.Device))
        {
            hidden_ND.backward([gradient_ND]);
        }

        Parameters.CollectGradients();
        AddEmbeddingGradient(inputs);
        AddEmbeddingGradient(shifted);
        _encoderBias.AddGradient(biases.Encoder_1HSS.grad!);
        _decoderBias.AddGradient(biases.Decoder_1HTT.grad!);
        return loss;
    }

    /// <inheritdoc/>
    public BatchLoss Evaluate(ModelBatch batch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var targets = Targets.Of(batch);
        return _loss.Loss(Hidden(batch, targets), targets);
    }

    /// <inheritdoc/>
    public Tensor Logits(ModelBatch batch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return LogitsOf(Hidden(batch, Targets.All(batch)))
            .view(batch.Rows, batch.TargetLength, Config.VocabularySize).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public IDecoding StartDecoding(int[] inputIds, int rows, int inputLength)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var inputs = Embed(inputIds, rows, inputLength);
        var (encoded_BSD, mask_B11S) = Encode(inputs, inputIds, _encoderBias.Square(inputLength), DropoutMasks.None);
        var encoded = encoded_BSD.to(Parameters.ComputeType);
        var cross = _decoder.Select(block => Heads(Linear(encoded, block.KeyValue), 2) is [var k, var v] ? (k.to(ScalarType.Float32), v) : default).ToList();
        return new T5Decoding(this, new DecoderState(cross, mask_B11S));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoderBias.Dispose();
        _decoderBias.Dispose();
        Parameters.Dispose();
    }

    /// <summary>The decoder's output at the chosen positions, [N, D] fp32, without dropout and without gradients.</summary>
    internal Tensor Hidden(ModelBatch batch, Targets targets)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var inputs = Embed(batch.InputIds, batch.Rows, batch.InputLength);
        using var shifted = Embed(ShiftRight(batch), batch.Rows, batch.TargetLength);
        return Hidden(batch, inputs, shifted, Biases(batch), targets, DropoutMasks.None).MoveToOuterDisposeScope();
    }

    /// <summary>Logits [N, V], fp32, of the decoder's output [N, D].</summary>
    internal Tensor LogitsOf(Tensor hidden_ND) => _loss.Logits(hidden_ND);

    /// <summary>The decoder at the next position, one id per row: logits [B, V], fp32.</summary>
    internal Tensor DecodeStep(int[] ids, DecoderState state)
    {
        using var scope = NewDisposeScope();
        using var embedded = Embed(ids, ids.Length, 1);
        var x_B1D = embedded.Rows.view(ids.Length, 1, Config.ModelSize);
        var bias_H1T = state.Bias(_decoderBias.LastRow);
        for (var i = 0; i < _decoder.Length; i++)
        {
            var block = _decoder[i];
            var qkv = Heads(Linear(Norm(x_B1D, block.SelfNorm), block.Self.Qkv), 3);
            var (k_BHTK, v_BHTK) = state.Append(i, qkv[1].to(ScalarType.Float32), qkv[2]);
            x_B1D = x_B1D.add(Attend(qkv[0], k_BHTK, v_BHTK, bias_H1T, block.Self.O), Scalars.One);
            var q = Heads(Linear(Norm(x_B1D, block.CrossNorm), block.Query), 1)[0];
            var (k_BHSK, v_BHSK) = state.Cross(i);
            x_B1D = x_B1D.add(Attend(q, k_BHSK, v_BHSK, state.Mask_B11S, block.O), Scalars.One);
            x_B1D = x_B1D.add(FeedForwardLayer(Norm(x_B1D, block.FeedForward.Norm), block.FeedForward, DropoutMasks.None), Scalars.One);
        }

        state.Position++;
        var hidden_B1D = RmsNorm.Apply(x_B1D, _decoderNorm, Config.NormEpsilon, ScalarType.Float32);
        return LogitsOf(hidden_B1D.view(ids.Length, Config.ModelSize)).MoveToOuterDisposeScope();
    }

    private int[] ShiftRight(ModelBatch batch)
    {
        CheckIds(batch.TargetIds, batch.TargetLength);
        var shifted = new int[batch.TargetIds.Length];
        for (var row = 0; row < batch.Rows; row++)
        {
            for (var t = 1; t < batch.TargetLength; t++)
            {
                var at = (row * batch.TargetLength) + t;
                shifted[at] = Math.Max(0, batch.TargetIds[at - 1]);
            }
        }

        return shifted;
    }

    private static Tensor Linear(Tensor x, Tensor weight) => nn.functional.linear(x, weight);

    /// <summary>The decoder's output at the chosen positions, [N, D] fp32.</summary>
    private Tensor Hidden(ModelBatch batch, Embedded inputs, Embedded shifted, SelfBiases biases, Targets targets, DropoutMasks dropout)
    {
        var (encoded_BSD, mask_B11S) = Encode(inputs, batch.InputIds, biases.Encoder_1HSS, dropout);
        var (rows, length) = (batch.Rows, batch.TargetLength);
        var x_BTD = dropout.Apply(shifted.Rows.view(rows, length, Config.ModelSize));
        foreach (var block in _decoder)
        {
            x_BTD = DecoderLayer(x_BTD, block, encoded_BSD, biases.Decoder_1HTT, mask_B11S, dropout);
        }

        x_BTD = dropout.Apply(RmsNorm.Apply(x_BTD, _decoderNorm, Config.NormEpsilon, ScalarType.Float32));
        return x_BTD.view(-1, Config.ModelSize).index_select(0, tensor(targets.Positions, device: Parameters.Device));
    }

    private (Tensor Encoded_BSD, Tensor? Mask_B11S) Encode(Embedded inputs, int[] inputIds, Tensor bias_1HSS, DropoutMasks dropout)
    {
        var mask_B11S = PaddingMask(inputIds, inputs.Count, inputs.Length);
        var bias = mask_B11S is null ? bias_1HSS : bias_1HSS.add(mask_B11S, Scalars.One);
        var x_BSD = dropout.Apply(inputs.Rows.view(inputs.Count, inputs.Length, Config.ModelSize));
        foreach (var block in _encoder)
        {
            x_BSD = EncoderLayer(x_BSD, block, bias, dropout);
        }

        x_BSD = RmsNorm.Apply(x_BSD, _encoderNorm, Config.NormEpsilon, ScalarType.Float32);
        return (dropout.ApplyToEach(x_BSD), mask_B11S);
    }

    // Each sublayer has a dispose scope of its own: then only what the graph keeps outlives it, not every intermediate tensor.
    private Tensor EncoderLayer(Tensor x_BSD, EncoderBlock block, Tensor bias, DropoutMasks dropout)
    {
        using var scope = NewDisposeScope();
        var qkv = Heads(Linear(Norm(x_BSD, block.Norm), block.Self.Qkv), 3);
        x_BSD = x_BSD.add(dropout.Apply(Attend(qkv[0], qkv[1], dropout.ApplyToKeys(qkv[2]), bias, block.Self.O)), Scalars.One);
        var fed = FeedForwardLayer(Norm(x_BSD, block.FeedForward.Norm), block.FeedForward, dropout);
        return x_BSD.add(dropout.Apply(fed), Scalars.One).MoveToOuterDisposeScope();
    }

    private Tensor DecoderLayer(
        Tensor x_BTD, DecoderBlock block, Tensor encoded_BSD, Tensor bias_1HTT, Tensor? mask_B11S, DropoutMasks dropout)
    {
        using var scope = NewDisposeScope();
        var qkv = Heads(Linear(Norm(x_BTD, block.SelfNorm), block.Self.Qkv), 3);
        x_BTD = x_BTD.add(dropout.Apply(Attend(qkv[0], qkv[1], dropout.ApplyToKeys(qkv[2]), bias_1HTT, block.Self.O)), Scalars.One);

        // Converted in each layer, so that the layers' gradients of the encoder's output add up in fp32.
        var keyValue = Heads(Linear(encoded_BSD.to(Parameters.ComputeType), block.KeyValue), 2);
        var q = Heads(Linear(Norm(x_BTD, block.CrossNorm), block.Query), 1)[0];
        x_BTD = x_BTD.add(dropout.Apply(Attend(q, keyValue[0], dropout.ApplyToKeys(keyValue[1]), mask_B11S, block.O)), Scalars.One);

        var fed = FeedForwardLayer(Norm(x_BTD, block.FeedForward.Norm), block.FeedForward, dropout);
        return x_BTD.add(dropout.Apply(fed), Scalars.One).MoveToOuterDisposeScope();
    }

    private Tensor Norm(Tensor x_BLD, Tensor scale) => RmsNorm.Apply(x_BLD, scale, Config.NormEpsilon, Parameters.ComputeType);

    /// <summary>Splits [B, L, parts·H·K] into parts of [B, H, L, K] with one copy.</summary>
    private Tensor[] Heads(Tensor joined, int parts)
    {
        var (rows, length) = (joined.shape[0], joined.shape[1]);
        return joined.view(rows, length, parts, Config.Heads, Config.HeadSize).permute(2, 0, 3, 1, 4).contiguous().unbind(0);
    }

    /// <summary>softmax(q·kᵀ + bias)·v, through the output matrix: [B, Lq, D]. Written out: the fused form is slow with such a bias.</summary>
    private Tensor Attend(Tensor q_BHLK, Tensor k_BHLK, Tensor v_BHLK, Tensor? bias, Tensor o)
    {
        using var scope = NewDisposeScope();
        using var cores = TensorCores.ForFp32(Parameters.Precision, Parameters.Device);
        var scores_BHLL = q_BHLK.to(ScalarType.Float32).matmul(k_BHLK.to(ScalarType.Float32).transpose(2, 3));
        scores_BHLL = bias is null ? scores_BHLL : scores_BHLL.add_(bias, Scalars.One);
        var context_BHLK = scores_BHLL.softmax(-1).to(Parameters.ComputeType).matmul(v_BHLK);
        var joined = context_BHLK.transpose(1, 2).reshape(q_BHLK.shape[0], q_BHLK.shape[2], Config.Heads * Config.HeadSize);
        return Linear(joined, o).MoveToOuterDisposeScope();
    }

    private Tensor FeedForwardLayer(Tensor x_BLD, FeedForward weights, DropoutMasks dropout)
    {
        using var scope = NewDisposeScope();
        var hidden = Linear(x_BLD, weights.Wi);
        if (Config.Gated)
        {
            var halves = hidden.chunk(2, -1);
            hidden = nn.functional.gelu(halves[0], global::TorchSharp.Modules.GELU.Approximate.tanh) * halves[1];
        }
        else
        {
            hidden = hidden.relu_();
        }

        return Linear(dropout.Apply(hidden), weights.Wo).MoveToOuterDisposeScope();
    }

    private Tensor? PaddingMask(int[] ids, int rows, int length)
    {
        if (!ids.Contains(SpecialIds.Pad))
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var mask = Array.ConvertAll(ids, id => id == SpecialIds.Pad ? Masked : 0f);
        return tensor(mask, ScalarType.Float32, Parameters.Device).view(rows, 1, 1, length).MoveToOuterDisposeScope();
    }

    private SelfBiases Biases(ModelBatch batch) => new(_encoderBias.Square(batch.InputLength), _decoderBias.Square(batch.TargetLength));

    /// <exception cref="ArgumentException">An id has no row in the table: the vocabulary is that of another model.</exception>
    private void CheckIds(int[] ids, int length)
    {
        if (Array.FindIndex(ids, id => id >= Config.VocabularySize) is var at && at >= 0)
        {
            throw new ArgumentException($"Row {at / length} of the batch holds id {ids[at]}, and the table of the model ends at {Config.VocabularySize - 1}. Give the vocabulary that the model was trained with.", nameof(ids));
        }
    }

    private Embedded Embed(int[] ids, int rows, int length)
    {
        CheckIds(ids, length);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var index = tensor(Array.ConvertAll(ids, id => (long)id), device: Parameters.Device);
        var embedded = Parameters.Value(T5Layout.Shared).index_select(0, index);
        return new Embedded(index.MoveToOuterDisposeScope(), embedded.MoveToOuterDisposeScope(), rows, length);
    }

    private void AddEmbeddingGradient(Embedded embedded)
    {
        using var scope = NewDisposeScope();
        Parameters.Gradient(T5Layout.Shared).index_add_(0, embedded.Ids, embedded.Rows.grad!, Scalars.One);
    }

    private Attention AttentionOf(string block) => new(
        Parameters.Matrix(T5Layout.SelfAttention(block, "q"), T5Layout.SelfAttention(block, "k"), T5Layout.SelfAttention(block, "v")),
        Parameters.Matrix(T5Layout.SelfAttention(block, "o")));

    private FeedForward FeedForwardOf(string block, int layer) => new(
        Parameters.Leaf(T5Layout.Norm(block, layer)),
        Config.Gated
            ? Parameters.Matrix(T5Layout.FeedForward(block, layer, "wi_0"), T5Layout.FeedForward(block, layer, "wi_1"))
            : Parameters.Matrix(T5Layout.FeedForward(block, layer, "wi")),
        Parameters.Matrix(T5Layout.FeedForward(block, layer, "wo")));

    /// <summary>Rows of the embedding table, cut off from the graph: their gradient is added to the table's by hand, only where it is not zero.</summary>
    private sealed record Embedded(Tensor Ids, Tensor Rows, int Count, int Length) : IDisposable
    {
        public void Dispose()
        {
            Ids.Dispose();
            Rows.Dispose();
        }
    }

    /// <summary>The position biases of both stacks, cut off from the graph: their gradient is added to the tables' by hand, by diagonals.</summary>
    private sealed record SelfBiases(Tensor Encoder_1HSS, Tensor Decoder_1HTT);

    private sealed record Attention(Tensor Qkv, Tensor O);

    private sealed record FeedForward(Tensor Norm, Tensor Wi, Tensor Wo);

    private sealed record EncoderBlock(Tensor Norm, Attention Self, FeedForward FeedForward);

    private sealed record DecoderBlock(
        Tensor SelfNorm, Attention Self, Tensor CrossNorm, Tensor Query, Tensor KeyValue, Tensor O, FeedForward FeedForward);
}
