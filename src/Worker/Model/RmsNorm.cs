using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>y = x · rsqrt(mean(x²) + ε) · g over the last dimension, computed in fp32 (Zhang and Sennrich 2019, arXiv:1910.07467).</summary>
internal static class RmsNorm
{
    /// <param name="x">fp32, […, D].</param>
    /// <param name="scale">fp32, [D].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="type">Of the result.</param>
    public static Tensor Apply(Tensor x, Tensor scale, double epsilon, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var inverse = x.pow(Scalars.Two).mean([-1], keepdim: true).add_(Scalars.Of(epsilon), Scalars.One).rsqrt();
        return (x * inverse * scale).to(type).MoveToOuterDisposeScope();
    }
}
