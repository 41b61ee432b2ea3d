using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>
/// Dropout from a seed. As in T5's own code one mask serves all positions of a sequence; only the encoder's output is masked
/// element by element. Kept values are scaled by 1 / (1 − rate).
/// </summary>
internal sealed class DropoutMasks : IDisposable
{
    private readonly double _rate;
    private readonly Generator? _generator;

    public DropoutMasks(double rate, long seed, Device? device)
    {
        _rate = rate;
        _generator = rate > 0 ? new Generator((ulong)seed, device) : null;
    }

    /// <summary>Drops nothing.</summary>
    public static DropoutMasks None { get; } = new(0, 0, null);

    /// <summary>x · mask for [B, L, …], the mask shared along L.</summary>
    public Tensor Apply(Tensor x_BLD) => _generator is null ? x_BLD.alias() : x_BLD * Mask(x_BLD, [x_BLD.shape[0], 1, x_BLD.shape[2]]);

    /// <summary>x · mask, one draw per element.</summary>
    public Tensor ApplyToEach(Tensor x) => _generator is null ? x.alias() : x * Mask(x, x.shape);

    /// <summary>
    /// Dropout of attention probabilities with a mask shared along the queries: p·(m ⊙ v) = (p ⊙ m)·v, so the values are masked,
    /// which are far fewer.
    /// </summary>
    public Tensor ApplyToKeys(Tensor v_BHLK) =>
        _generator is null ? v_BHLK.alias() : v_BHLK * Mask(v_BHLK, [v_BHLK.shape[0], v_BHLK.shape[1], v_BHLK.shape[2], 1]);

    public void Dispose() => _generator?.Dispose();

    private Tensor Mask(Tensor like, long[] shape)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var kept = rand(shape, ScalarType.Float32, like.device, generator: _generator).ge(Scalars.Of(_rate));
        return kept.to(like.dtype).mul_(Scalars.Of(1 / (1 - _rate))).MoveToOuterDisposeScope();
    }
}
