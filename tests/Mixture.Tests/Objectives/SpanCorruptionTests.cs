using CsCheck;
using Temper.Mixture.Examples;
using Temper.Mixture.Objectives;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Tests.Objectives;

public class SpanCorruptionTests
{
    // Ids as in a vocabulary of a thousand, with enough sentinels for every chunk that is drawn here.
    private static readonly ByteVocabulary Vocabulary = new(1000);

    private static readonly Gen<SpanCorruptionSpec> Specs =
        Gen.Select(Gen.OneOf(Gen.Const(0.15), Gen.Const(0.5), Gen.Double[0.01, 0.5]), Gen.OneOf(Gen.Const(3.0), Gen.Const(1.0), Gen.Double[1, 100]), (density, span) => new SpanCorruptionSpec(density, span));

    private static readonly Gen<int[]> Texts = Gen.Int[3, 258].Array[2, 1500];

    [Theory]
    [InlineData(512, 0.15, 3, 568, 114)]
    [InlineData(512, 0.15, 2, 552, 126)]
    [InlineData(512, 0.15, 5, 581, 105)]
    [InlineData(512, 0.15, 10, 591, 99)]
    [InlineData(512, 0.5, 3, 766, 512)]
    [InlineData(1024, 0.15, 3, 1137, 229)]
    [InlineData(256, 0.15, 3, 284, 58)]
    [InlineData(64, 0.2, 2, 70, 22)]
    [InlineData(64, 0.2, 1, 63, 27)]
    public void Lengths_are_those_that_T5_works_out(int inputs, double density, double span, int tokens, int targets)
    {
        var lengths = SpanLengths.Fitting(inputs, new SpanCorruptionSpec(density, span));

        Assert.Equal((tokens, targets), (lengths.Tokens, lengths.Targets));
        Assert.Equal((tokens, targets), SpanLengths.Budget(inputs, new SpanCorruptionSpec(density, span)));
    }

    [Fact]
    public void The_chunk_is_the_longest_of_those_within_what_T5_budgets_for_that_fits() => Gen.Select(Gen.Int[3, 3000], Specs).Sample(
        (inputLength, spec) =>
        {
            var lengths = SpanLengths.Fitting(inputLength, spec);
            var budget = SpanLengths.Budget(inputLength, spec);

            Assert.InRange(lengths.Inputs, inputLength - 2, inputLength);
            // Single and double precision may part at the count of hidden tokens and at that of spans: then what is budgeted for does not fit.
            Assert.InRange(lengths.Tokens, budget.Tokens - 2, Math.Max(SpanLengths.MinTokens, budget.Tokens));
            Assert.All(
                Enumerable.Range(lengths.Tokens + 1, Math.Max(0, budget.Tokens - lengths.Tokens)),
                tokens => Assert.True(SpanLengths.Of(tokens, spec).Inputs > inputLength));
            Assert.All(Enumerable.Range(SpanLengths.MinTokens, Math.Min(100, lengths.Tokens - 1)), tokens =>
            {
                var shorter = SpanLengths.Of(tokens, spec);
                Assert.True(shorter.Inputs <= lengths.Inputs && shorter.Targets <= lengths.Targets);
            });
        });

    [Fact]
    public void The_share_that_is_hidden_and_the_number_of_spans_follow_the_settings() => Gen.Select(Gen.Int[2, 2000], Specs).Sample(
        (tokens, spec) =>
        {
            var lengths = SpanLengths.Of(tokens, spec);

            // Half a token of rounding, and what single precision adds; but a token is hidden and a token stays.
            Assert.InRange(lengths.Noise, Math.Max(1, (tokens * spec.NoiseDensity) - 0.501), Math.Max(1, (tokens * spec.NoiseDensity) + 0.501));
            Assert.InRange(lengths.Spans, Math.Max(1, Math.Min(tokens - lengths.Noise, (lengths.Noise / spec.MeanSpan) - 0.501)), Math.Max(1, (lengths.Noise / spec.MeanSpan) + 0.501));
        });

    [Fact]
    public void A_mask_begins_with_what_stays_and_ends_with_what_is_hidden() => Gen.Select(Gen.Int[2, 1500], Specs, Gen.ULong).Sample(
        (tokens, spec, seed) =>
        {
            var lengths = SpanLengths.Of(tokens, spec);
            var mask = SpanCorruption.Mask(lengths, seed);

            Assert.Equal(tokens, mask.Length);
            Assert.Equal(lengths.Noise, mask.Count(hidden => hidden));
            Assert.Equal(lengths.Spans, mask.Where((hidden, i) => hidden && !mask[i - 1]).Count());
            Assert.False(mask[0]);
            Assert.True(mask[^1]);
        });

    [Fact]
    public void Hidden_spans_put_back_in_place_of_their_sentinels_give_the_text_again() => Gen.Select(Texts, Specs, Gen.ULong).Sample(
        (text, spec, seed) => Assert.Equal(text, PutBack(SpanCorruption.Corrupt(text, spec, Vocabulary, seed), Vocabulary)));

    [Fact]
    public void Rows_have_the_lengths_that_are_known_without_them() => Gen.Select(Texts, Specs, Gen.ULong).Sample(
        (text, spec, seed) =>
        {
            var lengths = SpanLengths.Of(text.Length, spec);
            var row = SpanCorruption.Corrupt(text, spec, Vocabulary, seed);

            Assert.Equal((lengths.Inputs, lengths.Targets), (row.Inputs.Length, row.Targets.Length));
            Assert.Equal(SpecialIds.Eos, row.Inputs.Span[^1]);
            Assert.Equal(SpecialIds.Eos, row.Targets.Span[^1]);
        });

    [Fact]
    public void Every_sentinel_stands_once_on_both_sides_and_they_count_down_from_the_top() => Gen.Select(Texts, Specs, Gen.ULong).Sample(
        (text, spec, seed) =>
        {
            var row = SpanCorruption.Corrupt(text, spec, Vocabulary, seed);
            var expected = Enumerable.Range(0, SpanLengths.Of(text.Length, spec).Spans).Select(Vocabulary.Sentinel).ToArray();

            Assert.Equal(expected, row.Inputs.ToArray().Where(id => id >= 259));
            Assert.Equal(expected, row.Targets.ToArray().Where(id => id >= 259));
            Assert.Equal(Vocabulary.Size - 1, row.Targets.Span[0]);
        });

    [Fact]
    public void The_same_seed_hides_the_same_and_another_seed_something_else() => Gen.Select(Gen.Int[100, 1000], Gen.ULong, Gen.ULong).Sample(
        (tokens, seed, other) =>
        {
            var lengths = SpanLengths.Of(tokens, new SpanCorruptionSpec());

            Assert.Equal(SpanCorruption.Mask(lengths, seed), SpanCorruption.Mask(lengths, seed));
            Assert.NotEqual(SpanCorruption.Mask(lengths, seed), SpanCorruption.Mask(lengths, seed == other ? other + 1 : other));
        });

    [Fact]
    public void Every_way_to_hide_is_equally_likely()
    {
        // Four hidden of eight in two spans: 1+3, 2+2 or 3+1 tokens that stay, and the same of hidden ones, make nine masks.
        var lengths = SpanLengths.Of(8, new SpanCorruptionSpec(0.5, 2));
        Assert.Equal((4, 2), (lengths.Noise, lengths.Spans));

        var counts = Enumerable.Range(0, 9000).CountBy(seed => string.Concat(SpanCorruption.Mask(lengths, (ulong)seed).Select(hidden => hidden ? 'x' : '.'))).ToList();

        // A thousand each, with a standard deviation of 30.
        Assert.Equal(9, counts.Count);
        Assert.All(counts, mask => Assert.InRange(mask.Value, 850, 1150));
    }

    [Fact]
    public void Two_tokens_are_enough()
    {
        var row = SpanCorruption.Corrupt([5, 6], new SpanCorruptionSpec(), Vocabulary, 1);

        Assert.Equal([5, Vocabulary.Sentinel(0), SpecialIds.Eos], row.Inputs.ToArray());
        Assert.Equal([Vocabulary.Sentinel(0), 6, SpecialIds.Eos], row.Targets.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => SpanLengths.Of(1, new SpanCorruptionSpec()));
    }

    /// <summary>The text that a row was made of.</summary>
    internal static int[] PutBack(TokenRow row, IVocabulary vocabulary)
    {
        var firstSentinel = vocabulary.Size - vocabulary.SentinelCount;
        var spans = new Dictionary<int, List<int>>();
        var current = new List<int>();
        foreach (var id in row.Targets[..^1].Span)
        {
            if (id >= firstSentinel)
            {
                spans.Add(id, current = []);
            }
            else
            {
                current.Add(id);
            }
        }

        return [.. row.Inputs[..^1].ToArray().SelectMany(id => id >= firstSentinel ? spans[id] : [id])];
    }
}
