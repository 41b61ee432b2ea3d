using Temper.Contracts.Models;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>
/// The position biases of one stack: table lookups written as a product with one-hot rows, whose backward pass is a product too
/// (summing a quarter of a million gradients by index takes longer). Keeps the one-hot rows of the last lengths used.
/// </summary>
internal sealed class BucketCache(T5Config config, bool bidirectional) : IDisposable
{
    private (long Queries, long Keys, long First) _key;
    private Tensor? _oneHot;

    /// <summary>Biases [1, H, queries, keys] in the type of products; query i is at position <paramref name="first"/> + i.</summary>
    public Tensor Bias(Tensor table_32H, FlatParameters parameters, int queries, int keys, int first)
    {
        using var scope = NewDisposeScope();
        if (_oneHot is null || _key != (queries, keys, first))
        {
            _oneHot?.Dispose();
            _oneHot = OneHot(queries, keys, first, parameters).DetachFromDisposeScope();
            _key = (queries, keys, first);
        }

        var bias = table_32H.to(parameters.ComputeType).transpose(0, 1).matmul(_oneHot);
        return bias.view(1, config.Heads, queries, keys).MoveToOuterDisposeScope();
    }

    public void Dispose() => _oneHot?.Dispose();

    /// <summary>[buckets, queries·keys].</summary>
    private Tensor OneHot(int queries, int keys, int first, FlatParameters parameters)
    {
        using var noGrad = no_grad();
        var buckets = new long[queries * keys];
        for (var i = 0; i < queries; i++)
        {
            for (var j = 0; j < keys; j++)
            {
                buckets[(i * keys) + j] = RelativePositions.Bucket(j - (first + i), bidirectional, config.Buckets, config.MaxDistance);
            }
        }

        var index = tensor(buckets, device: parameters.Device).unsqueeze(0);
        var one = ones(1, buckets.Length, parameters.ComputeType, parameters.Device);
        return zeros(config.Buckets, buckets.Length, parameters.ComputeType, parameters.Device).scatter_(0, index, one);
    }
}
