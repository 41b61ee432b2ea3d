using Temper.Worker.Model;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Optimizers;

/// <summary>Settings of <see cref="AdamW"/>.</summary>
/// <param name="Beta1">Decay of the mean gradient.</param>
/// <param name="Beta2">Decay of the mean squared gradient.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="WeightDecay">Share of a weight taken off per step and unit of learning rate; matrices only unless <paramref name="DecayAll"/>.</param>
/// <param name="DecayAll">Whether norm scales and bias tables decay too.</param>
public sealed record AdamWSettings(
    double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double WeightDecay = 0, bool DecayAll = false);

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), over the flat buffers.</summary>
public sealed class AdamW : Optimizer
{
    private readonly AdamWSettings _settings;
    private readonly Tensor _mean, _square;

    /// <summary>An optimizer that has not seen a gradient yet.</summary>
    public AdamW(FlatParameters parameters, AdamWSettings? settings = null)
        : base(parameters)
    {
        _settings = settings ?? new AdamWSettings();
        _mean = zeros_like(parameters.Values).DetachFromDisposeScope();
        _square = zeros_like(parameters.Values).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, Tensor>> StateTensors() =>
    [
        .. Parameters.Slots.Select(slot => KeyValuePair.Create($"{slot.Name}/mean", FlatParameters.View(_mean, slot))),
        .. Parameters.Slots.Select(slot => KeyValuePair.Create($"{slot.Name}/square", FlatParameters.View(_square, slot))),
    ];

    /// <inheritdoc/>
    protected override void Update(double learningRate)
    {
        var decayed = _settings.DecayAll ? Parameters.Count : Parameters.DecayedCount;
        Walk(0, decayed, learningRate, _settings.WeightDecay);
        Walk(decayed, Parameters.Count, learningRate, 0);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _mean.Dispose();
        _square.Dispose();
    }

    private void Walk(long from, long to, double learningRate, double weightDecay)
    {
        var (beta1, beta2) = (_settings.Beta1, _settings.Beta2);
        var rate = learningRate / (1 - Math.Pow(beta1, Steps));
        var rootCorrection = Math.Sqrt(1 - Math.Pow(beta2, Steps));
        foreach (var (start, count) in Pieces(from, to, PieceElements(Parameters)))
        {
            using var scope = NewDisposeScope();
            var (value, gradient) = (Parameters.Values.narrow(0, start, count), Parameters.Gradients.narrow(0, start, count));
            var (mean, square) = (_mean.narrow(0, start, count), _square.narrow(0, start, count));
            mean.mul_(Scalars.Of(beta1)).add_(gradient, Scalars.Of(1 - beta1));
            square.mul_(Scalars.Of(beta2)).addcmul_(gradient, gradient, Scalars.Of(1 - beta2));
            if (weightDecay > 0)
            {
                value.mul_(Scalars.Of(1 - (learningRate * weightDecay)));
            }

            value.addcdiv_(mean, square.sqrt().div_(Scalars.Of(rootCorrection)).add_(Scalars.Of(_settings.Epsilon), Scalars.One), Scalars.Of(-rate));
        }
    }
}
