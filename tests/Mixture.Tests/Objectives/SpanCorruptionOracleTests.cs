using System.Text.Json;
using Temper.Mixture.Objectives;
using Temper.Mixture.Vocabularies;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Objectives;

/// <summary>What T5's own code gave, where chance plays no part.</summary>
public class SpanCorruptionOracleTests
{
    [Fact]
    public void Lengths_are_the_recorded_ones() => Assert.All(Cases("random_spans_helper", 2), recorded =>
    {
        var args = recorded.GetProperty("args");
        var spec = new SpanCorruptionSpec(args.GetProperty("noise_density").GetDouble(), args.GetProperty("mean_noise_span_length").GetDouble());

        var (tokens, targets) = SpanLengths.Budget(args.GetProperty("inputs_length").GetInt32(), spec);
        Assert.Equal(Numbers(recorded.GetProperty("expected")), new[] { tokens, targets });
    });

    [Theory]
    [InlineData("noise_span_to_unique_sentinel", true, 2)]
    [InlineData("nonnoise_span_to_unique_sentinel", false, 1)]
    public void Spans_become_the_recorded_sentinels(string function, bool hidden, int cases) => Assert.All(Cases(function, cases), recorded =>
    {
        var args = recorded.GetProperty("args");
        var size = args.GetProperty("vocabulary").TryGetProperty("vocab_size", out var given) ? given.GetInt32() : 26;
        bool[] mask = [.. args.GetProperty("noise_mask").EnumerateArray().Select(value => value.GetBoolean())];

        var replaced = SpanCorruption.Replace(Numbers(args.GetProperty("tokens")), mask, hidden, new AllSentinels(size));

        Assert.Equal([.. Numbers(recorded.GetProperty("expected")), SpecialIds.Eos], replaced);
    });

    [Fact]
    public void A_mask_hides_as_many_tokens_in_as_many_spans_as_the_recorded_one()
    {
        var masks = Cases("random_spans_noise_mask", 2).Where(recorded => recorded.GetProperty("args").GetProperty("noise_density").GetDouble() > 0).ToList();

        Assert.Single(masks);
        Assert.All(masks, recorded =>
        {
            var args = recorded.GetProperty("args");
            var mask = Numbers(recorded.GetProperty("expected"));
            var lengths = SpanLengths.Of(mask.Length, new SpanCorruptionSpec(args.GetProperty("noise_density").GetDouble(), args.GetProperty("mean_noise_span_length").GetDouble()));

            Assert.Equal((mask.Sum(), mask.Where((hidden, i) => hidden > 0 && mask[i - 1] == 0).Count()), (lengths.Noise, lengths.Spans));
        });
    }

    private static List<JsonElement> Cases(string function, int expected)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Repository.Shared("oracles/preprocessors.json")));
        var cases = document.RootElement.GetProperty("cases").EnumerateArray()
            .Where(one => one.GetProperty("preprocessor").GetString() == function).Select(one => one.Clone()).ToList();
        Assert.Equal(expected, cases.Count);
        return cases;
    }

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

    private sealed class AllSentinels(int size) : IVocabulary
    {
        public int Size => size;

        public int SentinelCount => size;

        public string ContentHash => "";

        public int Sentinel(int index) => size - 1 - index;

        public int[] Encode(string text) => [];

        public string Decode(ReadOnlySpan<int> ids) => "";
    }
}
