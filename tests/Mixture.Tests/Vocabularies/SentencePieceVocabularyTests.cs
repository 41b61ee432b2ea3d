using CsCheck;
using Temper.Mixture.Vocabularies;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Vocabularies;

public class SentencePieceVocabularyTests
{
    private static readonly string[] ForgingParts = ["</s>", "<pad>", " ", "a", "\u2581"];

    private static readonly byte[] Tiny =
    [
        .. SentencePieceFiles.SpecialPieces(),
        .. SentencePieceFiles.Piece("\u2581", -2),
        .. SentencePieceFiles.Piece("a", -3),
        .. SentencePieceFiles.Piece("b", -3),
        .. SentencePieceFiles.Piece("\u2581ab", -4),
    ];

    [Fact]
    public void T5_has_32100_ids_with_its_sentinels_on_top()
    {
        var vocabulary = T5();

        Assert.Equal(32100, vocabulary.Size);
        Assert.Equal(100, vocabulary.SentinelCount);
        Assert.Equal(32099, vocabulary.Sentinel(0));
        Assert.Equal(32000, vocabulary.Sentinel(99));
    }

    [Fact]
    public void The_example_of_seqio_encodes_and_decodes_as_pinned()
    {
        var vocabulary = SentencePieceVocabulary.Load(Repository.Shared("data/sentencepiece_fixtures/seqio_test_sentencepiece.model"), extraIds: 10);

        Assert.Equal([35, 34, 3, 25, 26], vocabulary.Encode("<extra_id_0> <extra_id_1> v <extra_id_9>"));
        Assert.Equal("<extra_id_0> <extra_id_1> v <extra_id_9>", vocabulary.Decode([35, 34, 3, 25, 26]));
    }

    [Fact]
    public void Each_sentinel_encodes_as_its_id_at_the_start_of_a_word()
    {
        var vocabulary = T5();

        Assert.All(Enumerable.Range(0, 100), index => Assert.Equal([vocabulary.Sentinel(index)], vocabulary.Encode($"<extra_id_{index}>")));
        Assert.Equal("<extra_id_0> cute dog <extra_id_1> the", vocabulary.Decode([32099, 5295, 1782, 32098, 8]));
    }

    [Fact]
    public void Inside_a_word_a_sentinel_is_only_text() =>
        Assert.DoesNotContain(32099, T5().Encode("word<extra_id_0>"));

    [Theory, InlineData("\u2581", 0), InlineData("\u2581", 5), InlineData("\u2581", 100), InlineData("", 0), InlineData("", 100)]
    public void A_file_that_holds_sentinels_as_mT5_does_gets_no_more(string before, int extraIds)
    {
        var file = SentencePieceFiles.WithSentinels(Tiny, 5, before);
        var vocabulary = SentencePieceVocabulary.FromBytes(file, extraIds);

        Assert.Equal(5, vocabulary.SentinelCount);
        Assert.Equal(SentencePieceVocabulary.FromBytes(Tiny, 0).Size + 5, vocabulary.Size);
        Assert.Equal(vocabulary.Size - 1, vocabulary.Sentinel(0));
        Assert.Contains(vocabulary.Sentinel(3), vocabulary.Encode("<extra_id_3>"));
        Assert.Equal(SentencePieceVocabulary.FromBytes(file, extraIds: 0).ContentHash, vocabulary.ContentHash);
    }

    [Fact]
    public void A_pointer_of_git_lfs_is_named_with_what_to_do()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllText(path, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 791656\n");
        try
        {
            var error = Assert.Throws<InvalidDataException>(() => SentencePieceVocabulary.Load(path));

            Assert.Equal($"Cannot use '{path}' as a SentencePiece vocabulary: it is a Git LFS pointer to a file of 791,656 bytes, not the file itself. Run `git lfs pull` in its repository, or download the file.", error.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Decode_hides_control_pieces_and_shows_the_others()
    {
        var vocabulary = SentencePieceVocabulary.FromBytes(Tiny, extraIds: 2);

        Assert.Equal("", vocabulary.Decode([]));
        Assert.Equal("", vocabulary.Decode([0, 0]));
        Assert.Equal("ab ab", vocabulary.Decode([0, 6, 0, 6]));
        Assert.Equal("<extra_id_0> <extra_id_1>", vocabulary.Decode([8, 7]));
    }

    [Fact]
    public void Decode_stops_at_the_first_end_of_sequence() =>
        Assert.Equal("ab", SentencePieceVocabulary.FromBytes(Tiny).Decode([6, 1, 6, 1]));

    [Theory]
    [InlineData(2)]
    [InlineData(107)]
    [InlineData(int.MaxValue)]
    [InlineData(-7)]
    public void Decode_shows_what_it_does_not_know(int id) =>
        Assert.Equal("ab \u2047  ab", SentencePieceVocabulary.FromBytes(Tiny, extraIds: 100).Decode([6, id, 6]));

    [Fact]
    public void Decode_drops_leading_spaces_only()
    {
        var vocabulary = SentencePieceVocabulary.FromBytes(Tiny);

        Assert.Equal("a", vocabulary.Decode([3, 3, 4]));
        Assert.Equal("a  ab", vocabulary.Decode([4, 3, 6]));
    }

    [Fact]
    public void Decode_never_throws()
    {
        var vocabulary = T5();

        Gen.Int[-100, 33_000].Array.Sample(ids => { _ = vocabulary.Decode(ids); });
        Gen.Int.Array.Sample(ids => { _ = vocabulary.Decode(ids); });
    }

    [Fact]
    public void Encode_takes_any_string_and_stays_below_the_size()
    {
        var vocabulary = T5();

        Gen.String.Sample(text => vocabulary.Encode(text).All(id => id >= 2 && id < vocabulary.Size));
    }

    [Fact]
    public void Text_cannot_forge_padding_or_the_end_of_sequence()
    {
        // Before the samples: within them a test that is to be skipped counts as failed.
        var vocabulary = T5();

        Gen.Int[0, 4].Select(i => ForgingParts[i]).Array.Sample(parts => !vocabulary.Encode(string.Concat(parts)).Any(id => id < 2));
    }

    [Fact]
    public void Many_threads_may_share_one()
    {
        var vocabulary = T5();
        var texts = Enumerable.Range(0, 200).Select(i => string.Join(' ', Enumerable.Range(i, 50 + i))).ToArray();
        var alone = Array.ConvertAll(texts, vocabulary.Encode);

        var together = texts.AsParallel().AsOrdered().WithDegreeOfParallelism(4).Select(vocabulary.Encode).ToArray();

        Assert.Equal(alone, together);
    }

    [Fact]
    public void The_hash_depends_on_the_file_and_on_the_sentinels_added()
    {
        var hash = SentencePieceVocabulary.FromBytes(Tiny, extraIds: 2).ContentHash;

        Assert.Equal(hash, SentencePieceVocabulary.FromBytes(Tiny, extraIds: 2).ContentHash);
        Assert.NotEqual(hash, SentencePieceVocabulary.FromBytes(Tiny, extraIds: 3).ContentHash);
        Assert.NotEqual(hash, SentencePieceVocabulary.FromBytes([.. Tiny, .. SentencePieceFiles.Piece("c", -3)], extraIds: 2).ContentHash);
        Assert.Matches("^[0-9a-f]{64}$", hash);
    }

    [Fact]
    public void A_missing_file_is_named_with_what_belongs_there()
    {
        var error = Assert.Throws<FileNotFoundException>(() => SentencePieceVocabulary.Load("nowhere/spiece.model"));

        Assert.Contains("'nowhere/spiece.model'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Put the SentencePiece model there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_model_is_named_with_the_remedy()
    {
        var path = Path.Combine(Repository.Root, "distributed.sln");

        var error = Assert.Throws<InvalidDataException>(() => SentencePieceVocabulary.Load(path));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("spm_train", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_cut_short_is_refused_or_still_a_model_but_never_a_crash()
    {
        var whole = File.ReadAllBytes(Repository.Shared("data/sentencepiece_fixtures/seqio_test_sentencepiece.model"));

        Gen.Int[0, whole.Length - 1].Sample(length => AssertRefusedOrUsable(whole.AsSpan(0, length)));
    }

    [Fact]
    public void A_damaged_model_is_refused_or_still_a_model_but_never_a_crash()
    {
        var whole = File.ReadAllBytes(Repository.Shared("data/sentencepiece_fixtures/seqio_test_sentencepiece.model"));

        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            byte[] damaged = [.. whole];
            damaged[at] = value;
            AssertRefusedOrUsable(damaged);
        });
    }

    [Theory]
    [InlineData(2, "it is a Bpe model")]
    [InlineData(3, "it is a Word model")]
    [InlineData(4, "it is a Char model")]
    public void Models_of_another_kind_are_refused_by_name(byte type, string reason)
    {
        var error = Assert.Throws<InvalidDataException>(() => SentencePieceVocabulary.FromBytes([.. Tiny, .. SentencePieceFiles.TrainerSetting(3, type)]));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trained_model_of_another_kind_is_refused_with_its_path()
    {
        var path = Repository.Shared("data/sentencepiece_fixtures/hf_test_sentencepiece_bpe.model");

        var error = Assert.Throws<InvalidDataException>(() => SentencePieceVocabulary.Load(path));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("it is a Bpe model, and only Unigram models are supported", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_other_special_ids_than_those_of_T5_is_refused()
    {
        var path = Repository.Shared("data/sentencepiece_fixtures/google_test_model.model");

        var error = Assert.Throws<InvalidDataException>(() => SentencePieceVocabulary.Load(path));

        Assert.Contains("its first pieces, '<unk>', '<s>', '</s>', are not those of padding, end of sequence and unknown", error.Message, StringComparison.Ordinal);
    }

    private static SentencePieceVocabulary T5() => SentencePieceVocabulary.Load(Repository.Shared("data/t5_vocab/spiece.model"));

    private static void AssertRefusedOrUsable(ReadOnlySpan<byte> model)
    {
        try
        {
            var vocabulary = SentencePieceVocabulary.FromBytes(model);
            _ = vocabulary.Decode(vocabulary.Encode("The quick brown fox – ①\t½ <extra_id_0> ﷺ"));
        }
        catch (InvalidDataException)
        {
        }
    }
}
