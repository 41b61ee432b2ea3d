using System.Text.Json.Nodes;
using Temper.Worker.Model;
using Temper.Worker.Optimizers;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Model;

public class TinyOracleTests
{
    [Theory]
    [InlineData("bidirectional_32_128", true, 32, 128)]
    [InlineData("unidirectional_32_128", false, 32, 128)]
    [InlineData("bidirectional_12_10", true, 12, 10)]
    [InlineData("unidirectional_12_10", false, 12, 10)]
    public void Buckets_are_those_of_the_reference(string name, bool bidirectional, int buckets, int maxDistance)
    {
        var expected = TinyOracle.Golden()["relative_position_bucket"]!;

        var computed = TinyOracle.Ids(expected["relative_position"]!)
            .Select(offset => RelativePositions.Bucket(offset, bidirectional, buckets, maxDistance));

        Assert.Equal(TinyOracle.Ids(expected[name]!), computed);
    }

    [Fact]
    public void Logits_losses_and_gradients_are_those_of_the_reference()
    {
        foreach (var one in TinyOracle.Models())
        {
            using var model = TinyOracle.Open(one);
            foreach (var forward in one["forward"]!.AsArray())
            {
                using var scope = NewDisposeScope();
                var batch = TinyOracle.Batch(forward!);
                var logits = model.Logits(batch).slice(2, 0, 8, 1).contiguous().data<float>().ToArray();
                Assert.All(Numbers(forward!["logits_first8"]!).Zip(logits), pair => Assert.Equal(pair.First, pair.Second, 1e-4));

                model.Parameters.ZeroGradients();
                var loss = model.AccumulateGradients(batch, 1f / batch.TargetTokens);
                Assert.Equal(forward["loss_sum"]!.GetValue<double>(), loss.Sum, 1e-3);
                Assert.All(
                    Numbers(forward["sequence_log_prob"]!).Zip(loss.RowLoss), pair => Assert.Equal(-pair.First, pair.Second, 1e-3));
                foreach (var (name, expected) in forward["grad"]!.AsObject())
                {
                    var norm = expected!["l2"]!.GetValue<double>();
                    Assert.Equal(norm, model.Parameters.Gradient(name).norm().item<float>(), (1e-4 * norm) + 1e-8);
                }

                Assert.Equal(
                    forward["grad_global_norm"]!.GetValue<double>(),
                    Optimizer.ClipGradients(model.Parameters, double.PositiveInfinity), 1e-3);
            }
        }
    }

    [Fact]
    public void Z_loss_is_the_squared_log_partition_function_and_has_its_gradient()
    {
        var one = TinyOracle.Models().Last();
        using var model = TinyOracle.Open(one);
        var forward = one["forward"]![0]!;
        var batch = TinyOracle.Batch(forward);
        var squares = Numbers(forward["z_loss_terms_logsumexp_sq"]!).Zip(batch.TargetIds).Where(pair => pair.Second > 0).Sum(pair => pair.First);

        Assert.Equal(0.1 * squares, model.AccumulateGradients(batch, 1, null, 0.1).ZLoss, 1e-3);

        // The gradient, by the change of the loss along it.
        using var scope = NewDisposeScope();
        var (gradient, start) = (model.Parameters.Gradients.clone(), model.Parameters.Values.clone());
        double Total(double step)
        {
            using (no_grad())
            {
                model.Parameters.Values.copy_(start + (gradient * step));
            }

            var loss = model.AccumulateGradients(batch, 1, null, 0.1);
            return loss.Sum + loss.ZLoss;
        }

        var squaredNorm = Math.Pow(gradient.norm().item<float>(), 2);
        Assert.Equal(squaredNorm, (Total(1e-5) - Total(-1e-5)) / 2e-5, 0.01 * squaredNorm);
    }

    [Theory, InlineData("adamw"), InlineData("adafactor")]
    public void Training_runs_lose_what_the_reference_loses(string optimizerName)
    {
        var runs = 0;
        foreach (var one in TinyOracle.Models())
        {
            var batches = one["forward"]!.AsArray().Select(forward => TinyOracle.Batch(forward!)).ToArray();
            foreach (var run in one["train"]!.AsArray().Where(run => Name(run!) == optimizerName))
            {
                using var model = TinyOracle.Open(one);
                using var optimizer = Create(run!["optimizer"]!, model);
                var losses = run["losses_before_each_step"]!.AsArray();
                for (var i = 0; i < losses.Count; i++)
                {
                    var batch = batches[i % batches.Length];
                    model.Parameters.ZeroGradients();
                    var loss = model.AccumulateGradients(batch, 1f / batch.TargetTokens);
                    Assert.Equal(losses[i]!.GetValue<double>(), loss.Sum / loss.Tokens, 1e-3);
                    optimizer.Step(run["optimizer"]!["lr"]!.GetValue<double>());
                }

                runs++;
            }
        }

        Assert.True(runs > 0);
    }

    private static string Name(JsonNode run) => run["optimizer"]!["name"]!.GetValue<string>();

    private static Optimizer Create(JsonNode settings, T5Model model) => settings["name"]!.GetValue<string>() == "adamw"
        ? new AdamW(model.Parameters, new AdamWSettings(WeightDecay: settings["weight_decay"]?.GetValue<double>() ?? 0, DecayAll: true))
        : new Adafactor(model.Parameters, new AdafactorSettings(
            MinDimensionToFactor: 0, ScaleParameter: settings["scale_parameter"]?.GetValue<bool>() ?? true));

    private static IEnumerable<double> Numbers(JsonNode node) =>
        node is JsonArray array ? array.SelectMany(item => Numbers(item!)) : [node.GetValue<double>()];
}
