using Temper.Contracts.Models;
using Temper.Worker.Model;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Model;

public class LogitsTests
{
    private static readonly int[] s_inputs = [40, 50, 60, 1, 41, 51, 1, 0];
    private static readonly int[] s_targets = [70, 71, 1, 72, 1, 0];

    // Of 65,536 fp32 numbers between two of bf16 one is exact: a share of them comes by chance, not all of them.
    [Fact]
    public void Logits_of_a_bf16_model_are_fp32()
    {
        using var model = new T5Model(
            T5Sizes.Get("tiny") with { VocabularySize = 384, EncoderLayers = 1, DecoderLayers = 1 }, Precision.Bf16, new T5Initialization(4, 0.3));
        using var scope = NewDisposeScope();
        using var decoding = model.StartDecoding(s_inputs, 2, 4);

        Assert.InRange(ShareOfBf16(model.Logits(new ModelBatch(2, 4, 3, s_inputs, s_targets))), 0, 0.01);
        Assert.InRange(ShareOfBf16(decoding.Step([0, 0])), 0, 0.01);
    }

    private static double ShareOfBf16(Tensor logits)
    {
        var values = logits.data<float>().ToArray();
        return (double)values.Count(value => (BitConverter.SingleToUInt32Bits(value) & 0xffff) == 0) / values.Length;
    }
}
