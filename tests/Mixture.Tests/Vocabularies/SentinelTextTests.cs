using Temper.Mixture.Vocabularies;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Vocabularies;

public class SentinelTextTests
{
    [Fact]
    public void Bytes_that_decode_sentinels_to_nothing_are_shown_with_them()
    {
        var vocabulary = new ByteVocabulary();
        int[] ids = [.. vocabulary.Encode("a "), vocabulary.Sentinel(0), .. vocabulary.Encode(" d"), vocabulary.Sentinel(1), SpecialIds.Eos, .. vocabulary.Encode("!")];

        Assert.Equal("a  d", vocabulary.Decode(ids));
        Assert.Equal("a <extra_id_0> d<extra_id_1>", SentinelText.Show(vocabulary, ids));
        Assert.Equal("é", SentinelText.Show(new ByteVocabulary(0), vocabulary.Encode("é")));
    }

    [Fact]
    public void Pieces_decode_them_themselves()
    {
        var vocabulary = SentencePieceVocabulary.Load(Repository.Shared("data/t5_vocab/spiece.model"));
        int[] ids = [.. vocabulary.Encode("Thank you"), vocabulary.Sentinel(0), .. vocabulary.Encode("me to your party"), vocabulary.Sentinel(1), .. vocabulary.Encode("week."), SpecialIds.Eos];

        Assert.Equal("Thank you <extra_id_0> me to your party <extra_id_1> week.", SentinelText.Show(vocabulary, ids));
        Assert.Equal(SentinelText.Show(vocabulary, ids), vocabulary.Decode(ids));
    }
}
