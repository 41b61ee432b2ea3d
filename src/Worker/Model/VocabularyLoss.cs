using Temper.Contracts.Models;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>
/// The output matrix, the softmax over the vocabulary and its cross entropy, with the gradient taken in the same pass, block by block:
/// the logits, by far the largest tensor of a step, are never kept.
/// </summary>
internal sealed class VocabularyLoss(FlatParameters parameters, T5Config config)
{
    // One product covers this many targets; the fp32 softmax walks in smaller blocks that stay in the cache.
    private const int ProductRows = 1024;
    private const int SoftmaxElements = 1 << 20;

    private readonly string _matrix = config.Tied ? T5Layout.Shared : T5Layout.Head;
    private readonly double _scale = config.Tied ? 1 / Math.Sqrt(config.ModelSize) : 1;

    /// <summary>Logits [N, V] in the type of products, of hidden states [N, D].</summary>
    public Tensor Logits(Tensor hidden_ND)
    {
        using var scope = NewDisposeScope();
        return Scaled(hidden_ND).matmul(parameters.Product(_matrix).transpose(0, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss alone.</summary>
    public BatchLoss Loss(Tensor hidden_ND, Targets targets) => Run(hidden_ND, targets, null, 0, 0);

    /// <summary>
    /// The loss, and the gradient of <paramref name="scale"/> times it with respect to the hidden states, [N, D] fp32; the output
    /// matrix's gradient is added to its sum.
    /// </summary>
    public (BatchLoss Loss, Tensor Gradient_ND) LossAndGradient(Tensor hidden_ND, Targets targets, float scale, double zLoss)
    {
        using var noGrad = no_grad();
        var gradient_ND = zeros_like(hidden_ND);
        return (Run(hidden_ND, targets, gradient_ND, scale, zLoss), gradient_ND);
    }

    private BatchLoss Run(Tensor hidden_ND, Targets targets, Tensor? gradient_ND, float scale, double zLoss)
    {
        var (rowLoss, rowTokens, zSum) = (new double[targets.Rows], new int[targets.Rows], 0.0);
        for (var start = 0; start < targets.Ids.Length; start += ProductRows)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(ProductRows, targets.Ids.Length - start);
            var hidden = Scaled(hidden_ND.narrow(0, start, count));
            var weight_VD = parameters.Product(_matrix);
            var logits_NV = hidden.matmul(weight_VD.transpose(0, 1));
            var (logZ, losses) = Softmax(logits_NV, targets.Ids.AsSpan(start, count), gradient_ND is not null, zLoss);
            for (var i = 0; i < count; i++)
            {
                rowLoss[targets.RowOf[start + i]] += losses[i];
                rowTokens[targets.RowOf[start + i]]++;
                zSum += zLoss * logZ[i] * logZ[i];
            }

            if (gradient_ND is not null)
            {
                gradient_ND.narrow(0, start, count).add_(logits_NV.matmul(weight_VD), scale * _scale);
                parameters.Gradient(_matrix).add_(logits_NV.transpose(0, 1).matmul(hidden), scale);
            }
        }

        return new BatchLoss(rowLoss, rowTokens, zSum);
    }

    /// <summary>log Z and −log p(target) of each row; turns the logits into their gradient where that is wanted.</summary>
    private (float[] LogZ, float[] Losses) Softmax(Tensor logits_NV, ReadOnlySpan<long> ids, bool gradient, double zLoss)
    {
        var (logZ, losses) = (new float[ids.Length], new float[ids.Length]);
        var block = Math.Max(1, SoftmaxElements / config.VocabularySize);
        for (var start = 0; start < ids.Length; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, ids.Length - start);
            var part = logits_NV.narrow(0, start, count);
            var exact = part.to(ScalarType.Float32, copy: gradient);
            var index_N1 = tensor(ids.Slice(start, count).ToArray(), device: parameters.Device).unsqueeze(1);
            var logZ_N1 = exact.logsumexp(-1, keepdim: true);
            var loss_N1 = logZ_N1 - exact.gather(1, index_N1);
            logZ_N1.cpu().data<float>().CopyTo(logZ.AsSpan(start, count));
            loss_N1.cpu().data<float>().CopyTo(losses.AsSpan(start, count));
            if (gradient)
            {
                var probability = exact.sub_(logZ_N1).exp_();
                if (zLoss > 0)
                {
                    probability.mul_(logZ_N1.mul_(2 * zLoss).add_(1));
                }

                probability.scatter_add_(1, index_N1, full_like(loss_N1, -1));
                part.copy_(probability);
            }
        }

        return (logZ, losses);
    }

    private Tensor Scaled(Tensor hidden_ND) =>
        _scale == 1 ? hidden_ND.to(parameters.ComputeType) : hidden_ND.mul(_scale).to(parameters.ComputeType);
}
