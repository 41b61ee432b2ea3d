using Temper.Worker.Devices;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>
/// The softmax over the vocabulary and the cross entropy of a batch's targets, block by block: the logits, by far the largest tensor
/// of a step, are never kept. Where a block's logits come from is the caller's affair.
/// </summary>
internal static class CrossEntropy
{
    // One product covers this many targets; the fp32 softmax walks in smaller blocks that stay in the cache.
    private const int ProductRows = 1024;
    private const int SoftmaxElements = 1 << 20;

    /// <summary>The loss of <paramref name="targets"/>.</summary>
    /// <param name="targets">N ids.</param>
    /// <param name="logits_NV">Logits of so many targets, from the first number on, fp32; they are overwritten and disposed of here.</param>
    /// <param name="zLoss">Weight of the squared log partition function.</param>
    /// <param name="collect">Takes the gradient of the loss by a block's logits, which overwrites them; null where none is wanted.</param>
    public static BatchLoss Of(Targets targets, Func<int, int, Tensor> logits_NV, double zLoss = 0, Action<int, int, Tensor>? collect = null)
    {
        var (rowLoss, rowTokens, zSum) = (new double[targets.Rows], new int[targets.Rows], 0.0);
        for (var start = 0; start < targets.Ids.Length; start += ProductRows)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(ProductRows, targets.Ids.Length - start);
            var block = logits_NV(start, count);
            var (logZ, losses) = Softmax(block, targets.Ids.AsSpan(start, count), collect is not null, zLoss);
            for (var i = 0; i < count; i++)
            {
                rowLoss[targets.RowOf[start + i]] += losses[i];
                rowTokens[targets.RowOf[start + i]]++;
                zSum += zLoss * logZ[i] * logZ[i];
            }

            collect?.Invoke(start, count, block);
        }

        return new BatchLoss(rowLoss, rowTokens, zSum);
    }

    /// <summary>log Z and −log p(target) of each row; turns the logits into their gradient where that is wanted.</summary>
    private static (float[] LogZ, float[] Losses) Softmax(Tensor logits_NV, ReadOnlySpan<long> ids, bool gradient, double zLoss)
    {
        var (logZ, losses) = (new float[ids.Length], new float[ids.Length]);
        var block = Math.Max(1, SoftmaxElements / (int)logits_NV.shape[1]);
        for (var start = 0; start < ids.Length; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, ids.Length - start);
            var part = logits_NV.narrow(0, start, count);
            var index_N1 = tensor(ids.Slice(start, count).ToArray(), device: logits_NV.device).unsqueeze(1);
            var logZ_N1 = part.logsumexp(-1, keepdim: true);
            var loss_N1 = logZ_N1 - part.gather(1, index_N1);
            logZ_N1.ToHost().data<float>().CopyTo(logZ.AsSpan(start, count));
            loss_N1.ToHost().data<float>().CopyTo(losses.AsSpan(start, count));
            if (gradient)
            {
                var probability = part.sub_(logZ_N1).exp_();
                if (zLoss > 0)
                {
                    probability.mul_(logZ_N1.mul_(Scalars.Of(2 * zLoss)).add_(Scalars.One, Scalars.One));
                }

                probability.scatter_add_(1, index_N1, full_like(loss_N1, Scalars.Of(-1)));
            }
        }

        return (logZ, losses);
    }
}
