using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Worker.Model;
using Temper.Worker.Native;
using Temper.Worker.Tests.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Model;

[Collection(OperatorTrace.Alone)]
public class PositionBiasTests
{
    private static readonly T5Config Shape = T5Sizes.Get("tiny") with { VocabularySize = 64, ModelSize = 16, HiddenSize = 16, HeadSize = 4, Heads = 3, EncoderLayers = 1, DecoderLayers = 1 };

    public PositionBiasTests() => TorchLibrary.Load();

    // Lengths below, at and above the blocks that gradients are summed in, and beyond the largest distance.
    public static TheoryData<string, int> Squares => new(
        from stack in new[] { "encoder", "decoder" } from length in new[] { 1, 2, 37, 64, 65, 200 } select (stack, length));

    [Theory, MemberData(nameof(Squares))]
    public void Biases_and_their_gradients_are_those_of_the_definition(string stack, int length)
    {
        using var scope = NewDisposeScope();
        using var model = new T5Model(Shape, Precision.Fp32, new T5Initialization(3));
        using var bias = new PositionBias(Shape, model.Parameters, stack);
        var table = model.Parameters.Value(T5Layout.BiasTable(stack)).data<float>().ToArray();
        var upstream = randn(1, 3, length, length);
        if (stack == "decoder")
        {
            // The softmax passes nothing back to what is hidden.
            upstream = upstream.tril();
        }

        var square = bias.Square(length).contiguous().data<float>().ToArray();
        bias.AddGradient(upstream);

        var (back, sums) = (upstream.contiguous().data<float>().ToArray(), new double[table.Length]);
        for (var at = 0; at < square.Length; at++)
        {
            var (head, query, key) = (at / (length * length), at / length % length, at % length);
            var bucket = RelativePositions.Bucket(key - query, stack == "encoder", 32, 128);
            Assert.Equal(stack == "decoder" && key > query ? -1e9f : table[(bucket * 3) + head], square[at]);
            sums[(bucket * 3) + head] += back[at];
        }

        var gradient = model.Parameters.Gradient(T5Layout.BiasTable(stack)).data<float>().ToArray();
        Assert.All(sums.Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [Fact]
    public void No_product_of_a_step_is_over_the_square_of_the_length()
    {
        const int Length = 150;
        var ids = Enumerable.Range(0, Length).Select(i => 2 + (i % 60)).ToArray();
        using var model = new T5Model(Shape, Precision.Fp32, new T5Initialization(3));

        var products = OperatorTrace.Products(() => model.AccumulateGradients(new ModelBatch(1, Length, Length, ids, ids), 1));

        Assert.NotEmpty(products);
        Assert.All(products, product => Assert.All([.. product.Left, .. product.Right], size => Assert.InRange(size, 1, 4 * Length)));
    }

    [Fact]
    public void Decoding_looks_biases_up_now_and_then_and_not_at_each_position()
    {
        using var model = new T5Model(Shape, Precision.Fp32, new T5Initialization(3));
        using var decoding = model.StartDecoding([5, 1], 1, 2);

        var products = OperatorTrace.Products(() =>
        {
            for (var i = 0; i < 150; i++)
            {
                decoding.Step([7]).Dispose();
            }
        });

        // At the positions 0, 64 and 128.
        Assert.Equal(3, products.Count(product => product.Left.SequenceEqual([3L, 32L])));
    }

    [Theory, InlineData(Precision.Fp32), InlineData(Precision.Bf16)]
    public void Positions_decoded_one_by_one_have_the_logits_of_all_at_once(Precision precision)
    {
        using var scope = NewDisposeScope();
        using var model = new T5Model(Shape, precision, new T5Initialization(3));
        var targets = Enumerable.Range(0, 140).Select(i => 2 + (i * 7 % 60)).ToArray();
        var whole = model.Logits(new ModelBatch(1, 2, targets.Length, [5, 1], targets));
        using var decoding = model.StartDecoding([5, 1], 1, 2);

        for (var i = 0; i < targets.Length; i++)
        {
            var step = decoding.Step([i == 0 ? 0 : targets[i - 1]]);
            Assert.True(step.sub(whole[0, i]).abs().max().item<float>() < (precision == Precision.Fp32 ? 1e-4 : 0.05), $"position {i}");
        }
    }
}
