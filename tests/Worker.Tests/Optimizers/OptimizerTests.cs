using System.Text.Json.Nodes;
using Temper.Contracts.Specs;
using Temper.TestKit;
using Temper.Worker.Model;
using Temper.Worker.Native;
using Temper.Worker.Optimizers;
using Temper.Worker.SafeTensors;
using Temper.Worker.Tests.Model;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Optimizers;

public class OptimizerTests
{
    [Theory, InlineData("t5_v1_0_11"), InlineData("t5_v1_1_11")]
    public void Adafactor_walks_the_references_twelve_steps(string name)
    {
        using var golden = new Golden(name);
        using var model = golden.Model();
        using var optimizer = new Adafactor(model.Parameters, new AdafactorSettings(MinDimensionToFactor: 0));
        var settings = golden.Expected["adafactor"]!;

        foreach (var expected in settings["losses_before_each_step"]!.AsArray())
        {
            model.Parameters.ZeroGradients();
            var loss = model.AccumulateGradients(golden.Batch, 1f / golden.Batch.TargetTokens);
            Assert.Equal(expected!.GetValue<double>(), loss.Sum / loss.Tokens, 1e-3);
            optimizer.Step(settings["lr"]!.GetValue<double>());
        }

        using var scope = NewDisposeScope();
        using var after = SafeTensorsFile.Open(Path.Combine(golden.Folder, "after_12_adafactor_steps.safetensors"));
        foreach (var slot in model.Parameters.Slots)
        {
            var expected = after.Read(slot.Name);
            var error = (model.Parameters.Value(slot.Name) - expected).norm().item<float>() / expected.norm().item<float>();
            Assert.True(error < 1e-3, $"{slot.Name}: relative error {error}");
        }
    }

    [Fact]
    public void Adafactor_computes_t5xs_own_test_cases()
    {
        TorchLibrary.Load();
        var cases = JsonNode.Parse(File.ReadAllText(Repository.Shared("oracles/t5x_numeric.json")))!["adafactor"]!.AsArray();
        foreach (var one in cases.Where(one => one!["grad"] is not null))
        {
            using var scope = NewDisposeScope();
            var hyper = one!["hyper"]!;
            var value = Matrix(one["param"]!);
            using var parameters = new FlatParameters([[("w", value.shape)]], 1, 0, Precision.Fp32, CPU, trainable: true);
            parameters.Value("w").copy_(value);
            parameters.Gradient("w").copy_(Matrix(one["grad"]!));
            if (hyper["global_norm_clip_threshold"] is { } threshold)
            {
                Assert.Equal(Math.Sqrt(value.numel()), Optimizer.ClipGradients(parameters, threshold.GetValue<double>()), 1e-6);
            }

            using var optimizer = new Adafactor(
                parameters, new AdafactorSettings(MinDimensionToFactor: hyper["min_dim_size_to_factor"]!.GetValue<int>()));
            var names = new Dictionary<string, string> { ["w/rows"] = "v_col", ["w/columns"] = "v_row", ["w/square"] = "v" };
            optimizer.LoadState(
                optimizer.StateTensors().ToDictionary(state => state.Key, state => Matrix(one[names[state.Key]]!)),
                one["step_before"]!.GetValue<long>());

            optimizer.Step(hyper["learning_rate"]!.GetValue<double>());

            AssertClose(one["expected"]!["param"]!, parameters.Value("w"));
            foreach (var (state, tensor) in optimizer.StateTensors())
            {
                AssertClose(one["expected"]![names[state]]!, tensor);
            }
        }
    }

    [Theory, InlineData(128, "w/rows,w/columns"), InlineData(129, "w/square")]
    public void Adafactor_factors_only_where_the_shorter_side_is_long_enough(int threshold, string states)
    {
        TorchLibrary.Load();
        using var parameters = new FlatParameters([[("w", [128, 300])]], 1, 0, Precision.Fp32, CPU, trainable: true);
        using var optimizer = new Adafactor(parameters, new AdafactorSettings(MinDimensionToFactor: threshold));
        using var scope = NewDisposeScope();
        Assert.Equal(states, string.Join(',', optimizer.StateTensors().Select(state => state.Key)));
    }

    [Fact]
    public void AdamW_takes_the_steps_of_its_definition()
    {
        TorchLibrary.Load();
        using var scope = NewDisposeScope();
        using var parameters = new FlatParameters([[("w", [2, 8])], [("scale", [4])]], 1, 0, Precision.Fp32, CPU, trainable: true);
        parameters.Values.fill_(1);
        using var optimizer = new AdamW(parameters, new AdamWSettings(0.9, 0.99, 1e-6, WeightDecay: 0.1));
        var (decayed, plain, mean, square) = (1.0, 1.0, 0.0, 0.0);
        for (var t = 1; t <= 5; t++)
        {
            var gradient = Math.Sin(t);
            parameters.Gradients.fill_(gradient);
            optimizer.Step(0.01);

            mean = (0.9 * mean) + (0.1 * gradient);
            square = (0.99 * square) + (0.01 * gradient * gradient);
            var update = 0.01 * (mean / (1 - Math.Pow(0.9, t))) / (Math.Sqrt(square / (1 - Math.Pow(0.99, t))) + 1e-6);
            (decayed, plain) = (decayed * (1 - 0.001) - update, plain - update);
            Assert.Equal(decayed, parameters.Value("w").mean().item<float>(), 1e-6);
            Assert.Equal(plain, parameters.Value("scale").mean().item<float>(), 1e-6);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Restored_state_continues_bit_for_bit(bool adafactor)
    {
        using var golden = new Golden("t5_v1_1_11");
        using var scope = NewDisposeScope();
        Optimizer Create(T5Model model) => adafactor
            ? new Adafactor(model.Parameters, new AdafactorSettings(MinDimensionToFactor: 16)) : new AdamW(model.Parameters);
        void Train(T5Model model, Optimizer optimizer, int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                model.Parameters.ZeroGradients();
                model.AccumulateGradients(golden.Batch, 0.02f);
                optimizer.Step(1e-3);
            }
        }

        using var straight = golden.Model(Precision.Bf16);
        using var resumed = golden.Model(Precision.Bf16);
        using var first = Create(straight);
        Train(straight, first, 3);
        using var second = Create(resumed);
        resumed.Parameters.Values.copy_(straight.Parameters.Values);
        resumed.Parameters.ValuesChanged();
        second.LoadState(first.StateTensors().ToDictionary(state => state.Key, state => state.Value.clone()), first.Steps);
        Train(straight, first, 2);
        Train(resumed, second, 2);

        Assert.True(straight.Parameters.ValueSpan.SequenceEqual(resumed.Parameters.ValueSpan));
        Assert.Throws<InvalidDataException>(() => second.LoadState(new Dictionary<string, Tensor>(), 1));
    }

    [Fact]
    public void Clipping_returns_the_norm_before_and_leaves_small_gradients_alone()
    {
        TorchLibrary.Load();
        using var scope = NewDisposeScope();
        using var parameters = new FlatParameters([[("w", [100, 10000])]], 1, 0, Precision.Fp32, CPU, trainable: true);
        parameters.Gradients.fill_(0.003);

        Assert.Equal(3, Optimizer.ClipGradients(parameters, 5), 1e-4);
        Assert.Equal(3, Optimizer.ClipGradients(parameters, 1.5), 1e-4);
        Assert.Equal(1.5, Optimizer.ClipGradients(parameters, double.PositiveInfinity), 1e-4);
    }

    private static Tensor Matrix(JsonNode node) => node[0] is JsonArray
        ? stack([.. node.AsArray().Select(row => Matrix(row!))])
        : tensor(node.AsArray().Select(number => number!.GetValue<float>()).ToArray());

    private static void AssertClose(JsonNode expected, Tensor actual) =>
        Assert.Equal(0, ((actual - Matrix(expected)) / Matrix(expected)).abs().max().item<float>(), 2e-6);
}
