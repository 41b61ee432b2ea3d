using System.Text.Json;
using System.Text.Json.Serialization;
using Temper.Mixture.Vocabularies;
using Temper.Mixture.Vocabularies.SentencePiece;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Vocabularies;

/// <summary>Ids and texts recorded from the reference implementation and from the tests of other T5 tokenizers.</summary>
public class SentencePieceGoldenTests
{
    [Theory]
    [InlineData("t5_spm_golden.jsonl", "t5_vocab/spiece.model")]
    [InlineData("google_test_model_spm_golden.jsonl", "sentencepiece_fixtures/google_test_model.model")]
    [InlineData("google_test_ja_model_spm_golden.jsonl", "sentencepiece_fixtures/google_test_ja_model.model")]
    [InlineData("hf_spiece_spm_golden.jsonl", "sentencepiece_fixtures/hf_spiece.model")]
    [InlineData("hf_test_sentencepiece_spm_golden.jsonl", "sentencepiece_fixtures/hf_test_sentencepiece.model")]
    [InlineData("seqio_test_sentencepiece_spm_golden.jsonl", "sentencepiece_fixtures/seqio_test_sentencepiece.model")]
    public void Ids_and_decoded_text_equal_the_recorded_ones(string golden, string modelFile)
    {
        var rows = File.ReadLines(Repository.Shared($"oracles/tokenizer/{golden}")).Select(line => JsonSerializer.Deserialize<GoldenRow>(line)!).ToList();
        var model = Model(modelFile);

        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            Assert.Equal(row.Ids, model.Encode(row.Text));
            Assert.Equal(row.Decoded, model.Decode(row.Ids));
        });
    }

    [Fact]
    public void Ids_equal_those_that_other_T5_tokenizers_pin()
    {
        var rows = UpstreamRows().Where(row => row.EqualsReference && !row.Model.EndsWith(".model)", StringComparison.Ordinal)).ToList();
        var vocabulary = SentencePieceVocabulary.Load(Repository.Shared("data/t5_vocab/spiece.model"));

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(row.Ids, vocabulary.Encode(row.Text).Append(SpecialIds.Eos)));
    }

    [Fact]
    public void Ids_equal_those_that_the_tests_of_seqio_pin()
    {
        var rows = UpstreamRows().Where(row => row.Model == "seqio_test_sentencepiece.model").ToList();
        var vocabulary = SentencePieceVocabulary.Load(Repository.Shared("data/sentencepiece_fixtures/seqio_test_sentencepiece.model"), extraIds: 10);

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(row.Ids, vocabulary.Encode(row.Text)));
    }

    [Fact]
    public void Unknown_id_0_is_kept_apart_from_neighbours_that_are_known()
    {
        var row = Assert.Single(UpstreamRows(), row => row.Model.StartsWith("hf_test_sentencepiece.model", StringComparison.Ordinal));

        Assert.Equal(row.Ids, Model("sentencepiece_fixtures/hf_test_sentencepiece.model").Encode(row.Text));
    }

    private static SentencePieceModel Model(string file) => new(ModelProto.Parse(File.ReadAllBytes(Repository.Shared($"data/{file}"))));

    private static UpstreamRow[] UpstreamRows() =>
        JsonSerializer.Deserialize<UpstreamRow[]>(File.ReadAllText(Repository.Shared("oracles/tokenizer/upstream_cases.json")))!;

    private sealed record GoldenRow(
        [property: JsonPropertyName("text")] string Text,
        [property: JsonPropertyName("ids")] int[] Ids,
        [property: JsonPropertyName("decoded")] string Decoded);

    private sealed record UpstreamRow(
        [property: JsonPropertyName("model")] string Model,
        [property: JsonPropertyName("text")] string Text,
        [property: JsonPropertyName("ids")] int[] Ids,
        [property: JsonPropertyName("same_as_spm_plus_eos")] bool EqualsReference = false);
}
