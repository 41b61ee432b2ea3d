using System.Globalization;
using CsCheck;
using Temper.Mixture.Batching;
using Temper.Mixture.Examples;
using Temper.Mixture.Objectives;
using Temper.Mixture.Tests.Objectives;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Tests.Batching;

public class CorruptedTextTests
{
    private const int InputLength = 32;

    private static readonly ByteVocabulary Vocabulary = new();
    private static readonly SpanCorruptionSpec Spec = new();
    private static readonly int ChunkTokens = SpanLengths.Fitting(InputLength, Spec).Tokens;
    private static readonly TextExample[] Documents = [.. Enumerable.Range(0, 100).Select(i => new TextExample($"This is document {i} of a text.\nIt has two lines.", ""))];

    /// <summary>Lengths of documents: of one or many, short or longer than chunks, some empty.</summary>
    private static readonly Gen<int[]> Lengths =
        Gen.OneOf(Gen.Int[0, 5], Gen.Int[0, 200]).Array[1, 40].Where(lengths => lengths.Sum() >= SpanLengths.MinTokens);

    [Fact]
    public void Every_token_is_in_one_chunk_of_an_epoch_and_documents_are_whole_in_the_ring_of_chunks() =>
        Gen.Select(Lengths, Gen.Int[0, 1000], Gen.Int[0, 100]).Sample((lengths, epoch, seed) =>
        {
            var text = CorruptedText.ToTrainOn("t", NumberedDocuments(lengths), new Numbers(), InputLength, Spec, seed);
            var total = lengths.Sum();

            var ring = Ring(text, epoch);

            // A token that would be alone in the last chunk is left out.
            Assert.Equal(total % ChunkTokens == 1 ? total - 1 : total, ring.Length);
            Assert.Equal(ring.Length, ring.Distinct().Count());
            Assert.All(ring, token => Assert.InRange(token, Numbers.First, Numbers.First + total - 1));
            var ends = Ends(lengths);
            foreach (var (i, token) in ring.Index().Where(pair => !ends.Contains(pair.Item) && ring.Contains(pair.Item + 1)))
            {
                Assert.Equal(token + 1, ring[(i + 1) % ring.Length]);
            }
        });

    [Fact]
    public void All_chunks_but_the_last_are_full_and_lengths_are_the_same_in_every_epoch() => Gen.Select(Lengths, Gen.Int[0, 1000]).Sample((lengths, epoch) =>
    {
        var text = CorruptedText.ToTrainOn("t", NumberedDocuments(lengths), new Numbers(), InputLength, Spec, 17);
        var (whole, rest) = Math.DivRem(lengths.Sum(), ChunkTokens);

        Assert.Equal(rest >= SpanLengths.MinTokens ? whole + 1 : whole, text.Count);
        foreach (var index in Enumerable.Range(0, text.Count))
        {
            Assert.Equal(index < whole ? ChunkTokens : rest, text.Chunk(index, epoch).Length);
            Assert.Equal(text.Lengths(index, 0), text.Lengths(index, epoch));
        }
    });

    [Fact]
    public void Borders_differ_between_epochs_even_of_a_text_that_is_one_document()
    {
        var text = CorruptedText.ToTrainOn("t", NumberedDocuments([100 * ChunkTokens]), new Numbers(), InputLength, Spec, 17);

        var firstBorders = Enumerable.Range(0, 10).Select(epoch => text.Chunk(0, epoch)[0] % ChunkTokens).ToList();

        // Of ten numbers below 35 some are equal by chance.
        Assert.InRange(firstBorders.Distinct().Count(), 6, 10);
    }

    [Fact]
    public void Documents_come_in_another_order_in_each_epoch_and_each_follows_any_other()
    {
        var lengths = Enumerable.Repeat(10, 50).ToArray();
        var text = CorruptedText.ToTrainOn("t", NumberedDocuments(lengths), new Numbers(), InputLength, Spec, 17);

        var orders = Enumerable.Range(0, 200).Select(epoch => Ring(text, epoch).Where(token => (token - Numbers.First) % 10 == 0).ToArray()).ToList();

        Assert.All(orders.Zip(orders.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
        // 200 epochs give the first document about 200 followers of 49: each of them about four times.
        var followers = orders.Select(order => order[(Array.IndexOf(order, Numbers.First) + 1) % order.Length]).CountBy(token => token).ToList();
        Assert.InRange(followers.Count, 42, 49);
        Assert.All(followers, follower => Assert.InRange(follower.Value, 1, 16));
    }

    [Fact]
    public void Rows_have_the_promised_lengths_and_give_their_chunk_back_in_every_epoch()
    {
        var text = Encode(Documents);

        Assert.All(Enumerable.Range(0, text.Count), index => Assert.All([0L, 1, 2, 1_000_000_000_000], epoch =>
        {
            var row = text.Row(index, epoch);
            Assert.Equal(text.Lengths(index, epoch), (row.Inputs.Length, row.Targets.Length));
            Assert.True(row.Inputs.Length <= InputLength);
            Assert.Equal(text.Chunk(index, epoch), SpanCorruptionTests.PutBack(row, Vocabulary));
        }));
    }

    [Fact]
    public void The_same_seed_index_and_epoch_give_the_same_row_and_others_another()
    {
        var first = Rows(Encode(Documents), epoch: 3);

        Assert.Equal(first, Rows(Encode(Documents), epoch: 3));
        Assert.Equal(first, Rows(Encode(Documents).Under(18).Under(17), epoch: 3));
        Assert.Equal(Rows(Encode(Documents, seed: 18), 3), Rows(Encode(Documents).Under(18), 3));
        AssertMostDiffer(first, Rows(Encode(Documents), epoch: 4));
        AssertMostDiffer(first, Rows(Encode(Documents, seed: 18), epoch: 3));
        AssertMostDiffer(first, Rows(CorruptedText.ToTrainOn("other", Documents, Vocabulary, InputLength, Spec, 17), epoch: 3));

        static void AssertMostDiffer(string[] rows, string[] others) =>
            Assert.InRange(rows.Zip(others).Count(pair => pair.First != pair.Second), rows.Length * 8 / 10, rows.Length);
    }

    [Fact]
    public void A_row_is_the_same_whatever_was_read_before_it()
    {
        var inOrder = Encode(Documents);
        var expected = Enumerable.Range(0, 4).Select(epoch => Rows(inOrder, epoch)).ToList();
        var jumping = Encode(Documents);

        foreach (var (index, epoch) in Enumerable.Range(0, inOrder.Count).SelectMany(index => (int[])[3, 0, 2, 1], (index, epoch) => (index, epoch)))
        {
            Assert.Equal(expected[epoch][index], Written(jumping.Row(index, epoch)));
        }
    }

    [Fact]
    public async Task Rows_may_be_read_by_several_threads_at_once()
    {
        var text = Encode(Documents);
        var alone = Enumerable.Range(0, 5).Select(epoch => Rows(Encode(Documents), epoch)).ToList();

        var together = await Task.WhenAll(Enumerable.Range(0, 5).Select(epoch => Task.Run(() => Rows(text, epoch), TestContext.Current.CancellationToken)));

        Assert.Equal(alone, together);
    }

    [Fact]
    public void Evaluated_chunks_are_the_documents_on_end_in_every_epoch()
    {
        var text = CorruptedText.ToEvaluate("t", Documents, Vocabulary, InputLength, Spec, 0);

        Assert.Equal(string.Concat(Documents.Select(document => document.Inputs + "\n")), Vocabulary.Decode(Ring(text, 0)));
        Assert.Equal(Ring(text, 0), Ring(text, 7));
        Assert.All(Enumerable.Range(0, text.Count - 1), index => Assert.Equal(ChunkTokens, text.Chunk(index, 0).Length));
    }

    [Fact]
    public void Fewer_chunks_are_of_a_part_of_the_documents_and_that_is_part_of_the_text_of_more_chunks()
    {
        var lengths = Enumerable.Range(0, 60).Select(i => 10 + (i % 7)).ToArray();
        var (ten, twelve, all) = (Part(10), Part(12), Part(1_000_000));

        Assert.Equal((10, 12, Ring(Part(null), 0).Length), (ten.Count, twelve.Count, Ring(all, 0).Length));
        Assert.Equal((10 * ChunkTokens, 12 * ChunkTokens), (Ring(ten, 0).Length, Ring(twelve, 0).Length));
        Assert.Equal(Ring(ten, 0).Order(), Ring(ten, 5).Order());
        Assert.Empty(Ring(ten, 3).Except(Ring(twelve, 1)));
        // Documents of the whole text, not the first of it.
        Assert.InRange(Ring(ten, 0).Max(), Numbers.First + (lengths.Sum() / 2), int.MaxValue);

        CorruptedText Part(int? most) => CorruptedText.ToTrainOn("t", NumberedDocuments(lengths), new Numbers(), InputLength, Spec, 17, most);
    }

    [Fact]
    public void A_line_end_that_the_vocabulary_does_not_know_is_left_out()
    {
        var text = CorruptedText.ToEvaluate("t", [new("ab\ncd", ""), new("ef", "")], new LettersAndSentinels(), InputLength, Spec, 17);

        Assert.Equal([10, 11, 12, 13, 14, 15], text.Chunk(0, 0));
    }

    [Fact]
    public void What_reads_like_a_sentinel_is_unknown()
    {
        var text = CorruptedText.ToEvaluate("t", [new("ab#", ""), new("c", "")], new LettersAndSentinels(), InputLength, Spec, 17);

        Assert.Equal([10, 11, SpecialIds.Unknown, 12], text.Chunk(0, 0));
    }

    private static CorruptedText Encode(IReadOnlyList<TextExample> documents, long seed = 17) =>
        CorruptedText.ToTrainOn("t", documents, Vocabulary, InputLength, Spec, seed);

    private static string[] Rows(CorruptedText text, long epoch) => [.. Enumerable.Range(0, text.Count).Select(index => Written(text.Row(index, epoch)))];

    private static string Written(TokenRow row) => string.Join(' ', row.Inputs.ToArray().Concat(row.Targets.ToArray()));

    private static int[] Ring(CorruptedText text, long epoch) => [.. Enumerable.Range(0, text.Count).SelectMany(index => text.Chunk(index, epoch))];

    /// <summary>Documents of these lengths whose tokens are all different: they count on from document to document.</summary>
    private static TextExample[] NumberedDocuments(int[] lengths)
    {
        var next = Numbers.First;
        var documents = new List<TextExample>();
        foreach (var length in lengths)
        {
            documents.Add(new TextExample(string.Join(' ', Enumerable.Range(next, length)), ""));
            next += length;
        }

        return [.. documents];
    }

    private static HashSet<int> Ends(int[] lengths)
    {
        var end = Numbers.First - 1;
        return [.. lengths.Select(length => end += length)];
    }

    /// <summary>Numbers that stand for themselves.</summary>
    private sealed class Numbers : IVocabulary
    {
        public const int First = 10;

        public int Size => 1_000_100;

        public int SentinelCount => 100;

        public string ContentHash => "";

        public int Sentinel(int index) => Size - 1 - index;

        public int[] Encode(string text) =>
            [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => int.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : SpecialIds.Unknown)];

        public string Decode(ReadOnlySpan<int> ids) => "";
    }

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
