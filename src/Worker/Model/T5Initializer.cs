using Temper.Contracts.Models;
using Temper.Worker.Devices;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>How to draw the first weights.</summary>
/// <param name="Seed">Same seed, same weights.</param>
/// <param name="EmbeddingStd">Standard deviation of the embedding table: 1 in the paper's code; small, as 0.02, trains small models faster.</param>
public sealed record T5Initialization(long Seed = 17, double EmbeddingStd = 1.0);

/// <summary>
/// T5's initial weights: normal with fan-in scaling for attention, the query's also scaled by 1/√d_kv in place of scaling the logits;
/// normal cut at two deviations, rescaled to the exact deviation, for feed-forward and output matrices; Glorot-uniform bias tables.
/// </summary>
internal static class T5Initializer
{
    // The standard deviation of a normal variable that is cut at ±2, and the share of the mass inside.
    private const double CutStd = 0.87962566103423978;
    private const double CutMass = 0.95449973610364158;

    public static void Initialize(FlatParameters parameters, T5Config config, T5Initialization settings)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)settings.Seed, ComputeDevice.Cpu.TorchDevice);
        foreach (var slot in parameters.Slots)
        {
            using var inner = NewDisposeScope();
            var drawn = Draw(slot, config, settings, generator);
            parameters.Value(slot.Name).copy_(drawn);
        }

        parameters.ValuesChanged();
    }

    private static Tensor Draw(ParameterSlot slot, T5Config config, T5Initialization settings, Generator generator)
    {
        var values = empty(slot.Shape, ScalarType.Float32);
        var (d, inner, f) = ((double)config.ModelSize, (double)config.Heads * config.HeadSize, (double)config.HiddenSize);
        return slot.Name.Split('.')[^2] switch
        {
            "shared" => values.normal_(0, settings.EmbeddingStd, generator),
            "q" => values.normal_(0, 1 / Math.Sqrt(d * config.HeadSize), generator),
            "k" or "v" => values.normal_(0, 1 / Math.Sqrt(d), generator),
            "o" => values.normal_(0, 1 / Math.Sqrt(inner), generator),
            "wi" or "wi_0" or "wi_1" or "lm_head" => CutNormal(values, 1 / Math.Sqrt(d), generator),
            "wo" => CutNormal(values, 1 / Math.Sqrt(f), generator),
            "relative_attention_bias" => Uniform(values, Math.Sqrt(6.0 / (config.Heads + config.Buckets)), generator),
            _ => values.fill_(Scalars.One),
        };
    }

    private static Tensor Uniform(Tensor values, double limit, Generator generator) => values.uniform_(-limit, limit, generator);

    private static Tensor CutNormal(Tensor values, double std, Generator generator) =>
        values.uniform_(-CutMass, CutMass, generator).erfinv_().mul_(Scalars.Of(Math.Sqrt(2) * std / CutStd));
}
