using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Worker.Decoding;
using Temper.Worker.Model;
using Temper.Worker.Tests.Model;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Decoding;

public class EnsembleTests
{
    // More targets than one product takes, and padding on both sides.
    private static readonly ModelBatch Large = Random(rows: 7, inputs: 19, targets: 201, vocabulary: 160);

    [Theory]
    [InlineData("t5_v1_0_11", Precision.Fp32)]
    [InlineData("t5_v1_1_11", Precision.Fp32)]
    [InlineData("t5_v1_1_11", Precision.Bf16)]
    public void An_ensemble_of_one_is_its_member_to_the_last_bit(string name, Precision precision)
    {
        using var golden = new Golden(name);
        using var member = golden.Model(precision);
        using var ensemble = new Ensemble([golden.Model(precision)]);
        using var scope = NewDisposeScope();

        foreach (var batch in (ModelBatch[])[golden.Batch, Large])
        {
            Assert.Equal(Values(member.Logits(batch)), Values(ensemble.Logits(batch)));
            var (alone, together) = (member.Evaluate(batch), ensemble.Evaluate(batch));
            Assert.Equal(alone.RowLoss, together.RowLoss);
            Assert.Equal(alone.RowTokens, together.RowTokens);
            Assert.Equal(
                GreedyDecoder.Decode(member, batch.Rows, batch.InputLength, batch.InputIds, 12),
                GreedyDecoder.Decode(ensemble, batch.Rows, batch.InputLength, batch.InputIds, 12));
            using var one = member.StartDecoding(batch.InputIds, batch.Rows, batch.InputLength);
            using var other = ensemble.StartDecoding(batch.InputIds, batch.Rows, batch.InputLength);
            Assert.Equal(Values(one.Step(new int[batch.Rows])), Values(other.Step(new int[batch.Rows])));
        }
    }

    [Fact]
    public void Logits_are_the_mean_of_those_that_the_members_give_one_by_one()
    {
        using var golden = new Golden("t5_v1_0_11");
        using var scope = NewDisposeScope();
        using var ensemble = new Ensemble(Members());
        var members = Members();

        foreach (var batch in (ModelBatch[])[golden.Batch, Large])
        {
            var expected = Mean(members, batch);

            Assert.InRange((ensemble.Logits(batch) - expected).abs().max().item<double>(), 0, 1e-5);
        }

        members.ForEach(member => member.Dispose());
    }

    [Fact]
    public void Logits_are_the_mean_of_the_references()
    {
        using var one = new Golden("t5_v1_0_11");
        using var other = new Golden("t5_v1_1_11");
        using var ensemble = new Ensemble(Members());
        using var scope = NewDisposeScope();

        Assert.Equal(one.Batch.InputIds, other.Batch.InputIds);
        Assert.InRange((ensemble.Logits(one.Batch) - ((one.Case("logits") + other.Case("logits")) / 2)).abs().max().item<float>(), 0, 1e-4);
    }

    [Fact]
    public void Losses_are_those_of_the_mean_logits_and_not_of_the_mean_probabilities()
    {
        using var scope = NewDisposeScope();
        using var ensemble = new Ensemble(Members());
        var members = Members();
        double[] LossOf(Tensor logProbabilities) => [.. Enumerable.Range(0, Large.Rows).Select(row => -Enumerable.Range(0, Large.TargetLength)
            .Select(t => (t, Id: Large.TargetIds[(row * Large.TargetLength) + t]))
            .Where(target => target.Id > 0)
            .Sum(target => logProbabilities[row, target.t, target.Id].item<double>()))];
        var expected = LossOf(Mean(members, Large).log_softmax(-1));
        var ofProbabilities = LossOf(members.Select(member => member.Logits(Large).to(ScalarType.Float64).softmax(-1)).Aggregate((sum, one) => sum + one).div(members.Count).log());

        var loss = ensemble.Evaluate(Large);

        Assert.All(expected.Zip(loss.RowLoss), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
        Assert.Contains(ofProbabilities.Zip(loss.RowLoss), pair => Math.Abs(pair.First - pair.Second) > 1e-2 * pair.First);
        members.ForEach(member => member.Dispose());
    }

    [Fact]
    public void Decoding_gives_the_same_means_whatever_rows_stay_and_in_whatever_order()
    {
        using var scope = NewDisposeScope();
        using var ensemble = new Ensemble(Members());
        var members = Members();
        var expected = Mean(members, Large);
        using var decoding = ensemble.StartDecoding(Large.InputIds, Large.Rows, Large.InputLength);
        int[] rows = [.. Enumerable.Range(0, Large.Rows)];

        foreach (var selection in (int[][])[[0, 1, 2, 3, 4, 5, 6], [0, 2, 3, 6], [3, 0, 2], [1, 1, 0]])
        {
            decoding.Select(selection);
            rows = Array.ConvertAll(selection, i => rows[i]);
            for (var repeated = 0; repeated < 3; repeated++)
            {
                var t = decoding.Position;
                var last = Array.ConvertAll(rows, row => t == 0 ? 0 : Large.TargetIds[(row * Large.TargetLength) + t - 1]);

                var logits = decoding.Step(last);

                Assert.Equal(t + 1, decoding.Position);
                foreach (var (i, row) in rows.Index())
                {
                    Assert.InRange((logits[i] - expected[row, t]).abs().max().item<double>(), 0, 1e-5);
                }
            }
        }

        members.ForEach(member => member.Dispose());
    }

    [Fact]
    public void Rows_that_end_at_different_times_are_decoded_as_each_would_be_alone()
    {
        // Few ids, so that the end is drawn often.
        using var ensemble = new Ensemble([Tiny(ModelFamily.V1_0, 4, layers: 1), Tiny(ModelFamily.V1_1, 5, layers: 2), Tiny(ModelFamily.V1_1, 6, layers: 1)]);
        var batch = Random(rows: 24, inputs: 9, targets: 1, vocabulary: 8, padded: false);

        var together = GreedyDecoder.Decode(ensemble, batch.Rows, batch.InputLength, batch.InputIds, 20);

        Assert.True(together.Select(row => row.Length).Distinct().Count() > 3, $"lengths are {string.Join(", ", together.Select(row => row.Length))}");
        Assert.Equal(together, batch.InputIds.Chunk(batch.InputLength).Select(inputs => GreedyDecoder.Decode(ensemble, 1, inputs.Length, inputs, 20)[0]));
    }

    [Fact]
    public void Nothing_has_no_mean_and_other_vocabularies_have_none_in_common()
    {
        using var eight = Tiny(ModelFamily.V1_0, 1, layers: 1);
        using var golden = new Golden("t5_v1_0_11");
        using var other = golden.Model();

        Assert.Throws<ArgumentException>(() => new Ensemble([]));
        Assert.Contains("Member 1 has 160 logits", Assert.Throws<ArgumentException>(() => new Ensemble([eight, other])).Message);
    }

    [Fact]
    public void Answering_leaves_no_tensor_behind()
    {
        using var ensemble = new Ensemble(Members());
        long LiveAfter(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                ensemble.Evaluate(Large);
                ensemble.Logits(Large).Dispose();
                GreedyDecoder.Decode(ensemble, Large.Rows, Large.InputLength, Large.InputIds, 3);
            }

            return global::TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        }

        var after1 = LiveAfter(1);
        Assert.Equal(after1, LiveAfter(5));
    }

    [Theory, InlineData(Precision.Fp32), InlineData(Precision.Bf16)]
    public void A_model_without_room_for_gradients_answers_the_same_and_cannot_be_trained(Precision precision)
    {
        using var golden = new Golden("t5_v1_1_11");
        using var trainable = golden.Model(precision);
        using var model = new T5Model(trainable.Config, precision, trainable: false);
        using (no_grad())
        {
            model.Parameters.Values.copy_(trainable.Parameters.Values);
            model.Parameters.ValuesChanged();
        }

        Assert.Equal(trainable.Evaluate(golden.Batch).RowLoss, model.Evaluate(golden.Batch).RowLoss);
        Assert.Throws<InvalidOperationException>(() => model.AccumulateGradients(golden.Batch, 1));
    }

    private static List<T5Model> Members() => [.. ((string[])["t5_v1_0_11", "t5_v1_1_11"]).Select(name =>
    {
        using var golden = new Golden(name);
        return golden.Model();
    })];

    /// <summary>[B, T, V] fp64.</summary>
    private static Tensor Mean(List<T5Model> members, ModelBatch batch) =>
        members.Select(member => member.Logits(batch).to(ScalarType.Float64)).Aggregate((sum, one) => sum + one).div(members.Count);

    private static float[] Values(Tensor tensor) => tensor.contiguous().data<float>().ToArray();

    private static T5Model Tiny(ModelFamily family, long seed, int layers) => new(
        T5Sizes.Get("tiny", family) with { VocabularySize = 8, ModelSize = 16, HiddenSize = 16, EncoderLayers = layers, DecoderLayers = layers },
        Precision.Fp32,
        new T5Initialization(seed, 0.3));

    private static ModelBatch Random(int rows, int inputs, int targets, int vocabulary, bool padded = true)
    {
        var random = new Random(5);
        int[] Rectangle(int length) => [.. Enumerable.Range(0, rows).SelectMany(row =>
            Enumerable.Range(0, length).Select(i => padded && row > 0 && i >= length - row ? 0 : random.Next(2, vocabulary)))];
        return new ModelBatch(rows, inputs, targets, Rectangle(inputs), Rectangle(targets));
    }
}
