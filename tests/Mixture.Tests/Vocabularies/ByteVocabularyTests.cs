using System.Text;
using CsCheck;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Tests.Vocabularies;

public class ByteVocabularyTests
{
    private static readonly ByteVocabulary Bytes = new();

    [Fact]
    public void Each_byte_lies_three_above_its_value() => Assert.Equal([3 + 'h', 3 + 0xC3, 3 + 0xA9], Bytes.Encode("hé"));

    [Fact]
    public void Sentinels_count_down_from_the_top()
    {
        Assert.Equal(359, Bytes.Size);
        Assert.Equal(358, Bytes.Sentinel(0));
        Assert.Equal(259, Bytes.Sentinel(99));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bytes.Sentinel(100));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bytes.Sentinel(-1));
    }

    [Fact]
    public void Without_sentinels_the_bytes_are_all_there_is()
    {
        var vocabulary = new ByteVocabulary(sentinelCount: 0);

        Assert.Equal(259, vocabulary.Size);
        Assert.Throws<ArgumentOutOfRangeException>(() => vocabulary.Sentinel(0));
    }

    // t5's ByteVocabulary(extra_ids=0) has 259 ids, and its span corruption counts sentinels down from the last of them.
    [Fact]
    public void Sentinels_of_published_ByT5_are_the_last_bytes()
    {
        var vocabulary = new ByteVocabulary(place: SentinelPlace.LastBytes);

        Assert.Equal(259, vocabulary.Size);
        Assert.Equal([258, 257, 256], Enumerable.Range(0, 3).Select(vocabulary.Sentinel));
        Assert.Equal(11, vocabulary.SentinelCount);
        Assert.Equal(0xF5 + 3, vocabulary.Sentinel(10));
        Assert.Equal("hi", vocabulary.Decode(['h' + 3, 258, 'i' + 3]));
        Texts.Sample(text => vocabulary.Encode(text).All(id => id < vocabulary.Sentinel(10)) && vocabulary.Decode(vocabulary.Encode(text)) == text);
    }

    [Fact]
    public void The_hash_tells_the_places_of_sentinels_apart()
    {
        Assert.NotEqual(Bytes.ContentHash, new ByteVocabulary(place: SentinelPlace.LastBytes).ContentHash);
        Assert.Equal(new ByteVocabulary(125, SentinelPlace.LastBytes).ContentHash, new ByteVocabulary(100, SentinelPlace.LastBytes).ContentHash);
    }

    [Fact]
    public void Any_text_comes_back() =>
        Texts.Sample(text => Bytes.Decode(Bytes.Encode(text)) == text);

    [Fact]
    public void Encoded_ids_are_bytes_and_nothing_else() =>
        Gen.String.Sample(text => Bytes.Encode(text).All(id => id is >= 3 and < 259));

    [Fact]
    public void Ids_that_are_no_bytes_are_dropped() => Assert.Equal("hi", Bytes.Decode([0, 'h' + 3, 2, 259, 358, 5000, -1, 'i' + 3]));

    [Fact]
    public void Decoding_stops_at_the_first_end_of_sequence() => Assert.Equal("h", Bytes.Decode(['h' + 3, 1, 'i' + 3]));

    [Theory]
    [InlineData("", 0xC3)]
    [InlineData("a", 0xC3, 0x61)]
    [InlineData("a", 0x61, 0xE2, 0x82)]
    [InlineData("ab", 0x61, 0xFF, 0xF5, 0x80, 0x62)]
    [InlineData("A", 0xE0, 0x80, 0x41)]
    [InlineData("é", 0xC3, 0xC3, 0xA9)]
    [InlineData("", 0xED, 0xA0, 0x80)]
    public void Bytes_that_are_no_character_are_dropped(string expected, params int[] bytes) =>
        Assert.Equal(expected, Bytes.Decode([.. bytes.Select(value => value + 3)]));

    [Fact]
    public void A_lone_surrogate_becomes_a_replacement_character() => Assert.Equal("a\uFFFDb", Bytes.Decode(Bytes.Encode("a\uD800b")));

    [Fact]
    public void Decode_never_throws() => Gen.Int[-10, 400].Array.Sample(ids => { _ = Bytes.Decode(ids); });

    [Fact]
    public void The_hash_tells_numbers_of_sentinels_apart()
    {
        Assert.Equal(new ByteVocabulary(100).ContentHash, Bytes.ContentHash);
        Assert.NotEqual(new ByteVocabulary(99).ContentHash, Bytes.ContentHash);
        Assert.Equal(64, Bytes.ContentHash.Length);
    }

    private static Gen<string> Texts => Gen.Int[0, 0x10FFFF].Where(Rune.IsValid).Array.Select(values => string.Concat(values.Select(value => new Rune(value).ToString())));
}
