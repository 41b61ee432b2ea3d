using CsCheck;
using Temper.Mixture.Batching;
using Temper.Mixture.Objectives;
using Temper.Mixture.Tasks;
using Temper.Mixture.Tests.Objectives;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Tests.Batching;

public class CorruptedTextTests
{
    private const int InputLength = 32;

    private static readonly ByteVocabulary Vocabulary = new();
    private static readonly SpanCorruptionSpec Spec = new();
    private static readonly TextExample[] Lines = [.. Enumerable.Range(0, 100).Select(i => new TextExample($"This is line {i} of a text.", ""))];

    [Fact]
    public void Chunks_on_end_are_the_lines_on_end()
    {
        var text = Encode(Lines);

        var chunks = Enumerable.Range(0, text.Count).Select(i => text.Chunk(i).ToArray()).ToList();

        Assert.Equal(string.Concat(Lines.Select(line => line.Inputs + "\n")), Vocabulary.Decode([.. chunks.SelectMany(chunk => chunk)]));
        Assert.All(chunks.SkipLast(1), chunk => Assert.Equal(SpanLengths.Fitting(InputLength, Spec).Tokens, chunk.Length));
    }

    [Fact]
    public void Rows_have_the_promised_lengths_and_give_their_chunk_back_in_every_epoch()
    {
        var text = Encode(Lines);

        Assert.All(Enumerable.Range(0, text.Count), index => Assert.All([0L, 1, 2, 1_000_000_000_000], epoch =>
        {
            var row = text.Row(index, epoch);
            Assert.Equal(text.Lengths(index, epoch), (row.Inputs.Length, row.Targets.Length));
            Assert.True(row.Inputs.Length <= InputLength);
            Assert.Equal(text.Chunk(index).ToArray(), SpanCorruptionTests.PutBack(row, Vocabulary));
        }));
    }

    [Fact]
    public void The_same_seed_index_and_epoch_give_the_same_row_and_others_another()
    {
        var first = Rows(Encode(Lines), epoch: 3);

        Assert.Equal(first, Rows(Encode(Lines), epoch: 3));
        Assert.Equal(first, Rows(Encode(Lines).Under(18).Under(17), epoch: 3));
        Assert.Equal(Rows(Encode(Lines, seed: 18), 3), Rows(Encode(Lines).Under(18), 3));
        AssertMostDiffer(first, Rows(Encode(Lines), epoch: 4));
        AssertMostDiffer(first, Rows(Encode(Lines, seed: 18), epoch: 3));
        AssertMostDiffer(first, Rows(CorruptedText.Encode("other", Lines, Vocabulary, InputLength, Spec, 17), epoch: 3));

        // Chunks this short hide five tokens in two spans: some of them alike by chance.
        static void AssertMostDiffer(string[] rows, string[] others) =>
            Assert.InRange(rows.Zip(others).Count(pair => pair.First != pair.Second), rows.Length * 8 / 10, rows.Length);
    }

    [Fact]
    public async Task Rows_may_be_read_by_several_threads_at_once()
    {
        var text = Encode(Lines);
        var alone = Rows(text, 0);

        var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Rows(text, 0), TestContext.Current.CancellationToken)));

        Assert.All(together, rows => Assert.Equal(alone, rows));
    }

    [Fact]
    public void The_last_chunk_is_kept_where_it_holds_a_span() => Gen.Int[1, 400].Sample(
        length =>
        {
            var text = Encode([new TextExample(new string('x', length - 1), "")]);
            var (whole, rest) = Math.DivRem(length, SpanLengths.Fitting(InputLength, Spec).Tokens);

            Assert.Equal(rest >= 2 ? whole + 1 : whole, text.Count);
        });

    [Fact]
    public void Fewer_chunks_are_spread_over_the_text_and_a_part_of_more_chunks()
    {
        var (ten, twenty, all) = (Encode(Lines, most: 10), Encode(Lines, most: 20), Encode(Lines));

        Assert.Equal((10, 20), (ten.Count, twenty.Count));
        Assert.Equal(all.Count, Encode(Lines, most: 1_000_000).Count);
        Assert.Equal(Rows(ten, 1), Rows(twenty, 1).Take(10));
        Assert.NotEqual(Enumerable.Range(0, 10).Select(i => all.Chunk(i).ToArray()), Enumerable.Range(0, 10).Select(i => ten.Chunk(i).ToArray()));
    }

    [Fact]
    public void A_line_end_that_the_vocabulary_does_not_know_is_left_out()
    {
        var text = CorruptedText.Encode("t", [new("ab", ""), new("cd", "")], new LettersAndSentinels(), InputLength, Spec, 17);

        Assert.Equal([10, 11, 12, 13], text.Chunk(0).ToArray());
    }

    [Fact]
    public void What_reads_like_a_sentinel_is_unknown()
    {
        var text = CorruptedText.Encode("t", [new("ab#", ""), new("c", "")], new LettersAndSentinels(), InputLength, Spec, 17);

        Assert.Equal([10, 11, SpecialIds.Unknown, 12], text.Chunk(0).ToArray());
    }

    private static CorruptedText Encode(IReadOnlyList<TextExample> rows, long seed = 17, int? most = null) =>
        CorruptedText.Encode("t", rows, Vocabulary, InputLength, Spec, seed, most);

    private static string[] Rows(CorruptedText text, long epoch) => [.. Enumerable.Range(0, text.Count).Select(index => text.Row(index, epoch))
        .Select(row => string.Join(' ', row.Inputs.ToArray().Concat(row.Targets.ToArray())))];

    /// <summary>Letters from 10 on; <c>#</c> is a sentinel, everything else unknown.</summary>
    private sealed class LettersAndSentinels : IVocabulary
    {
        public int Size => 100;

        public int SentinelCount => 10;

        public string ContentHash => "";

        public int Sentinel(int index) => Size - 1 - index;

        public int[] Encode(string text) => [.. text.Select(c => c == '#' ? 99 : char.IsAsciiLetterLower(c) ? c - 'a' + 10 : SpecialIds.Unknown)];

        public string Decode(ReadOnlySpan<int> ids) => "";
    }
}
