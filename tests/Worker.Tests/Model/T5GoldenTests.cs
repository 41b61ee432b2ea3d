using Temper.Contracts.Specs;
using Temper.Worker.Decoding;
using Temper.Worker.Model;
using Temper.Worker.Optimizers;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Model;

public class T5GoldenTests
{
    public static TheoryData<string> Cases { get; } = ["t5_v1_0_11", "t5_v1_1_11"];

    [Theory, MemberData(nameof(Cases))]
    public void Logits_are_those_of_the_reference(string name)
    {
        using var golden = new Golden(name);
        using var model = golden.Model();
        using var scope = NewDisposeScope();

        var difference = (model.Logits(golden.Batch) - golden.Case("logits")).abs().max().item<float>();

        Assert.InRange(difference, 0, 1e-4);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Loss_and_every_gradient_are_those_of_the_reference(string name)
    {
        using var golden = new Golden(name);
        using var model = golden.Model();
        using var scope = NewDisposeScope();

        var loss = model.AccumulateGradients(golden.Batch, 1f / golden.Batch.TargetTokens);

        Assert.Equal(golden.Expected["loss"]!.GetValue<double>(), loss.Sum / loss.Tokens, 1e-5);
        Assert.Equal(golden.Batch.TargetTokens, loss.Tokens);
        Assert.Equal(loss.Sum, model.Evaluate(golden.Batch).Sum, 1e-4);
        foreach (var slot in model.Parameters.Slots)
        {
            var expected = golden.Case($"grad.{slot.Name}");
            var error = (model.Parameters.Gradient(slot.Name) - expected).norm().item<float>() / expected.norm().item<float>();
            Assert.True(error < 1e-4, $"{slot.Name}: relative error {error}");
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Bfloat16_stays_near_the_reference(string name)
    {
        using var golden = new Golden(name);
        using var model = golden.Model(Precision.Bf16);
        using var scope = NewDisposeScope();

        var loss = model.AccumulateGradients(golden.Batch, 1f / golden.Batch.TargetTokens);

        Assert.Equal(golden.Expected["loss"]!.GetValue<double>(), loss.Sum / loss.Tokens, 0.03);
        var (dot, own, other) = (0.0, 0.0, 0.0);
        foreach (var slot in model.Parameters.Slots)
        {
            var (expected, computed) = (golden.Case($"grad.{slot.Name}"), model.Parameters.Gradient(slot.Name));
            dot += (expected * computed).sum().item<float>();
            own += computed.square().sum().item<float>();
            other += expected.square().sum().item<float>();
        }

        Assert.InRange(dot / Math.Sqrt(own * other), 0.995, 1);
    }

    [Fact]
    public void Gradients_of_micro_batches_add_up_to_those_of_the_batch()
    {
        using var golden = new Golden("t5_v1_1_11");
        using var model = golden.Model();
        model.AccumulateGradients(golden.Batch, 1);
        var whole = model.Parameters.GradientSpan.ToArray();

        model.Parameters.ZeroGradients();
        var (s, t) = (golden.Batch.InputLength, golden.Batch.TargetLength);
        for (var row = 0; row < golden.Batch.Rows; row++)
        {
            model.AccumulateGradients(
                new ModelBatch(1, s, t, golden.Batch.InputIds[(row * s)..((row + 1) * s)], golden.Batch.TargetIds[(row * t)..((row + 1) * t)]), 1);
        }

        var parts = model.Parameters.GradientSpan.ToArray();
        var scale = whole.Max(Math.Abs);
        Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * scale));
    }

    [Fact]
    public void Dropout_follows_its_seed()
    {
        using var golden = new Golden("t5_v1_0_11");
        using var model = new T5Model(golden.Model().Config with { Dropout = 0.1 }, Precision.Fp32, new T5Initialization(3, 0.1));

        double[] losses = [.. ((long?[])[1, 1, 2, null]).Select(seed => model.AccumulateGradients(golden.Batch, 1, seed).Sum)];

        Assert.Equal(losses[0], losses[1]);
        Assert.NotEqual(losses[0], losses[2]);
        Assert.NotEqual(losses[0], losses[3]);
    }

    [Fact]
    public void Initial_weights_follow_their_seed()
    {
        var config = Contracts.Models.T5Sizes.Get("tiny") with { VocabularySize = 256 };
        using var one = new T5Model(config, Precision.Fp32, new T5Initialization(5));
        using var same = new T5Model(config, Precision.Fp32, new T5Initialization(5));
        using var other = new T5Model(config, Precision.Fp32, new T5Initialization(6));

        Assert.True(one.Parameters.ValueSpan.SequenceEqual(same.Parameters.ValueSpan));
        Assert.False(one.Parameters.ValueSpan.SequenceEqual(other.Parameters.ValueSpan));
        using var scope = NewDisposeScope();
        Assert.Equal(1, one.Parameters.Value("shared.weight").std().item<float>(), 0.02);
        Assert.Equal(1 / Math.Sqrt(128), one.Parameters.Value("lm_head.weight").std().item<float>(), 0.002);
    }

    [Fact]
    public void Steps_leave_no_tensor_behind()
    {
        using var golden = new Golden("t5_v1_1_11");
        foreach (var precision in (Precision[])[Precision.Fp32, Precision.Bf16])
        {
            using var model = new T5Model(
                golden.Model().Config with { Dropout = 0.1 }, precision, new T5Initialization());
            using Optimizer optimizer = precision == Precision.Fp32
                ? new AdamW(model.Parameters) : new Adafactor(model.Parameters, new AdafactorSettings(MinDimensionToFactor: 32));
            long LiveAfter(int steps)
            {
                for (var i = 0; i < steps; i++)
                {
                    model.AccumulateGradients(golden.Batch, 1, dropoutSeed: i);
                    Optimizer.ClipGradients(model.Parameters, 1);
                    optimizer.Step(1e-4);
                    model.Parameters.ZeroGradients();
                    GreedyDecoder.Decode(model, golden.Batch.Rows, golden.Batch.InputLength, golden.Batch.InputIds, 3);
                }

                return global::TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            }

            var after3 = LiveAfter(3);
            Assert.Equal(after3, LiveAfter(27));
        }
    }
}
