using Temper.Contracts.Models;
using Temper.Planning.Models;

namespace Temper.Worker.Tests.Model;

public class T5SizesTests
{
    [Theory]
    [InlineData("t5-small", 60_506_624)]
    [InlineData("t5-base", 222_903_552)]
    [InlineData("t5-large", 737_668_096)]
    [InlineData("t5-3b", 2_851_598_336)]
    [InlineData("t5-11b", 11_307_321_344)]
    [InlineData("t5-1.1-small", 76_961_152)]
    [InlineData("t5-1.1-base", 247_577_856)]
    [InlineData("t5-1.1-large", 783_150_080)]
    [InlineData("t5-1.1-xl", 2_849_757_184)]
    [InlineData("t5-1.1-xxl", 11_135_332_352)]
    [InlineData("byt5-small", 299_637_760)]
    [InlineData("byt5-base", 581_653_248)]
    public void Published_sizes_have_their_published_parameter_counts(string name, long parameters) =>
        Assert.Equal(parameters, T5Costs.Parameters(T5Sizes.Get(name)));

    [Fact]
    public void The_multilingual_vocabulary_changes_only_the_two_tables() =>
        Assert.Equal(300_176_768, T5Costs.Parameters(T5Sizes.Get("t5-1.1-small") with { VocabularySize = 250112 }));

    [Fact]
    public void Tiny_takes_its_family_from_the_argument()
    {
        Assert.Equal(T5Sizes.Get("t5-tiny"), T5Sizes.Get("tiny", ModelFamily.V1_0));
        Assert.Equal(T5Sizes.Get("t5-1.1-mini"), T5Sizes.Get("mini", ModelFamily.V1_1));
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones() =>
        Assert.Contains("t5-1.1-xxl", Assert.Throws<ArgumentException>(() => T5Sizes.Get("t5-huge")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(32100, 32128)]
    [InlineData(32128, 32128)]
    [InlineData(259, 384)]
    public void Vocabularies_are_rounded_up_to_whole_multiples(int ids, int rows) =>
        Assert.Equal(rows, T5Config.PaddedVocabulary(ids));

    [Fact]
    public void A_small_step_costs_six_operations_per_weight_and_token_and_some_for_attention()
    {
        var small = T5Sizes.Get("t5-small");
        var flops = T5Costs.TrainingFlops(small, 4, 512, 114, 4 * 114);

        // By hand: encoder 232, its attention 39, decoder 57, cross keys and values 39, decoder attention 10, logits 45 GFLOP.
        Assert.InRange(flops, 405e9, 435e9);
    }

    [Theory, InlineData(true, 2326), InlineData(false, 2577)]
    public void Memory_of_a_small_step_is_near_what_was_measured(bool bfloat16, double megabytes)
    {
        var estimate = T5Costs.TrainingBytes(T5Sizes.Get("t5-small"), 4, 512, 114, bfloat16, optimizerBytesPerParameter: 8);
        Assert.InRange(estimate / (megabytes * (1 << 20)), 0.75, 1.25);
    }

    // Bytes as the vocabulary, 96 rows of 501 tokens with at most 61 targets, decoded so many at a time.
    [Theory, InlineData(32, true, 1897), InlineData(32, false, 2661), InlineData(96, false, 5628)]
    public void Memory_of_an_evaluation_is_near_what_was_measured(int rows, bool bfloat16, double megabytes)
    {
        var small = T5Sizes.Get("t5-small") with { VocabularySize = 384 };
        var estimate = T5Costs.EvaluationBytes([small], rows, 501, 61, bfloat16);
        Assert.InRange(estimate / (megabytes * (1 << 20)), 0.75, 1.25);

        // Another member brings its weights and what it remembers, no more.
        var two = T5Costs.EvaluationBytes([small, small], rows, 501, 61, bfloat16) - estimate;
        Assert.InRange(two, T5Costs.Parameters(small) * 4, estimate / 2);
    }

    [Fact]
    public void Configurations_survive_hugging_faces_form()
    {
        var config = T5Sizes.Get("byt5-small") with { Dropout = 0.05, Buckets = 16, MaxDistance = 99 };
        Assert.Equal(config, T5ConfigJson.Parse(T5ConfigJson.Format(config)));
    }

    [Fact]
    public void A_bad_configuration_is_refused_with_every_reason()
    {
        var e = Assert.Throws<FormatException>(() => T5ConfigJson.Parse(
            """{ "model_type": "bert", "d_model": "wide", "feed_forward_proj": "swish", "num_heads": 0 }"""));

        Assert.All(["bert", "wide", "swish", "num_heads"], word => Assert.Contains(word, e.Message, StringComparison.Ordinal));
    }
}
