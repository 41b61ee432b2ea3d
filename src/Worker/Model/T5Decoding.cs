using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>Decoding with a single model.</summary>
/// <param name="model">The model.</param>
/// <param name="state">What it remembers; owned.</param>
internal sealed class T5Decoding(T5Model model, DecoderState state) : IDecoding
{
    public int Position => state.Position;

    public Tensor Step(int[] ids)
    {
        using var noGrad = no_grad();
        return model.DecodeStep(ids, state);
    }

    public void Select(int[] rows) => state.Select(rows);

    public void Dispose() => state.Dispose();
}
