using Temper.Contracts.Models;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>The output matrix: logits of hidden states, and their cross entropy with the gradient taken in the same pass.</summary>
internal sealed class VocabularyLoss(FlatParameters parameters, T5Config config)
{
    private readonly string _matrix = config.Tied ? T5Layout.Shared : T5Layout.Head;
    private readonly double _scale = config.ScalesOutput ? 1 / Math.Sqrt(config.ModelSize) : 1;

    /// <summary>
    /// Logits [N, V] of hidden states [N, D], fp32 whatever the type of products: as bf16 they would lie 0.06 to 0.25 apart at magnitudes of 8
    /// to 64, and ties would decide answers. The fp32 hidden states are multiplied with the fp32 matrix, of which there is no copy to make.
    /// </summary>
    public Tensor Logits(Tensor hidden_ND)
    {
        using var scope = NewDisposeScope();
        using var cores = TensorCores.ForFp32(parameters.Precision, parameters.Device);
        return Scaled(hidden_ND).matmul(parameters.Value(_matrix).transpose(0, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss alone.</summary>
    public BatchLoss Loss(Tensor hidden_ND, Targets targets) =>
        CrossEntropy.Of(targets, (start, count) => Logits(hidden_ND.narrow(0, start, count)));

    /// <summary>
    /// The loss, and the gradient of <paramref name="scale"/> times it with respect to the hidden states, [N, D] fp32; the output
    /// matrix's gradient is added to its sum.
    /// </summary>
    public (BatchLoss Loss, Tensor Gradient_ND) LossAndGradient(Tensor hidden_ND, Targets targets, float scale, double zLoss)
    {
        using var noGrad = no_grad();
        var gradient_ND = zeros_like(hidden_ND);
        var loss = CrossEntropy.Of(
            targets,
            (start, count) => Logits(hidden_ND.narrow(0, start, count)),
            zLoss,
            (start, count, exact_NV) =>
            {
                var gradient_NV = exact_NV.to(parameters.ComputeType);
                gradient_ND.narrow(0, start, count).add_(gradient_NV.matmul(parameters.Product(_matrix)), Scalars.Of(scale * _scale));
                var scaled_ND = Scaled(hidden_ND.narrow(0, start, count)).to(parameters.ComputeType);
                parameters.Gradient(_matrix).add_(gradient_NV.transpose(0, 1).matmul(scaled_ND), Scalars.Of(scale));
            });
        return (loss, gradient_ND);
    }

    private Tensor Scaled(Tensor hidden_ND) => _scale == 1 ? hidden_ND.alias() : hidden_ND.mul(Scalars.Of(_scale));
}
