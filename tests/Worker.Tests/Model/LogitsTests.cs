using Temper.Contracts.Models;
using Temper.Contracts.Specs;
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

    // A softmax does not see a constant that is added to all its scores. Beside 40 bf16 has steps of 0.25, fp32 of 4e-6.
    [Fact]
    public void A_constant_in_the_scores_of_attention_changes_nothing_in_bf16()
    {
        using var model = new T5Model(T5Sizes.Get("tiny") with { VocabularySize = 384 }, Precision.Bf16, new T5Initialization(4, 0.3));
        using var scope = NewDisposeScope();
        var batch = new ModelBatch(2, 4, 3, s_inputs, s_targets);

        var (logits, gradients, decoded) = With(0);
        var (shiftedLogits, shiftedGradients, shiftedDecoded) = With(40);

        // Where a probability lies between two bf16 numbers, it may fall to either: 0.003 to 0.008 here. With scores in bf16 these were 0.04 to 0.10.
        Assert.InRange(Difference(logits, shiftedLogits), 0, 0.015);
        Assert.InRange(Difference(gradients, shiftedGradients), 0, 0.015);
        Assert.InRange(Difference(decoded, shiftedDecoded), 0, 0.015);

        (Tensor Logits, Tensor Gradients, Tensor Decoded) With(double bias)
        {
            using (no_grad())
            {
                model.Parameters.Value(T5Layout.BiasTable("encoder")).fill_(bias);
                model.Parameters.Value(T5Layout.BiasTable("decoder")).fill_(bias);
            }

            model.Parameters.ZeroGradients();
            model.AccumulateGradients(batch, 1);
            using var decoding = model.StartDecoding(s_inputs, 2, 4);
            decoding.Step([0, 0]).Dispose();
            return (model.Logits(batch), model.Parameters.Gradients.clone(), decoding.Step([70, 72]));
        }

        static double Difference(Tensor one, Tensor other) => ((one - other).norm() / one.norm()).item<float>();
    }

    private static double ShareOfBf16(Tensor logits)
    {
        var values = logits.data<float>().ToArray();
        return (double)values.Count(value => (BitConverter.SingleToUInt32Bits(value) & 0xffff) == 0) / values.Length;
    }
}
