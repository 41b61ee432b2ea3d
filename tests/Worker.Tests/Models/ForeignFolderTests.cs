using System.Text;
using System.Text.Json.Nodes;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning;
using Temper.Planning.Runs;
using Temper.Worker.Evaluation;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Temper.Worker.Native;
using Temper.Worker.SafeTensors;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Models;

/// <summary>Model folders that other programs write, and damaged ones.</summary>
public sealed class ForeignFolderTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 1234567\n";

    private static readonly int[] s_ids = [5, 9, 200, 1];

    private readonly string _root = Directory.CreateTempSubdirectory("temper-").FullName;

    public ForeignFolderTests() => TorchLibrary.Load();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_head_of_its_own_is_used_where_transformers_5_calls_the_embeddings_tied()
    {
        var expected = Logits(Saved("v4", ModelFamily.V1_1, seed: 1));
        var v5 = Saved("v5", ModelFamily.V1_1, seed: 1);
        Configure(v5, ("tie_word_embeddings", true), ("scale_decoder_outputs", false));

        Assert.Equal(expected, Logits(v5));
        Assert.False(ModelFolder.Open(v5).Config.Tied);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void One_table_is_scaled_or_not_as_transformers_5_says(bool scaled)
    {
        var folder = Saved("tied", ModelFamily.V1_0, seed: 2);
        var table = Logits(folder);
        Configure(folder, ("scale_decoder_outputs", scaled));

        // Hidden states and logits are linear in each other: without the scaling by 1/√16 they are four times as large.
        var factor = scaled ? 1 : 4;
        Assert.Equal(table.Select(logit => logit * factor), Logits(folder), (a, b) => Math.Abs(a - b) < 1e-4 * (1 + Math.Abs(a)));

        T5Folder.Save(In("again"), ModelFolder.Open(folder).LoadModel());
        Assert.Equal(Logits(folder), Logits(In("again")));
    }

    [Theory]
    [InlineData("eos_token_id", "2")]
    [InlineData("decoder_start_token_id", "7")]
    [InlineData("pad_token_id", "9")]
    [InlineData("eos_token_id", "[1,2]")]
    public void Other_special_ids_are_refused(string key, string value)
    {
        var config = Saved("config", ModelFamily.V1_1);
        Configure(config, (key, JsonNode.Parse(value)!));
        var generation = Saved("generation", ModelFamily.V1_1);
        File.WriteAllText(Path.Combine(generation, "generation_config.json"), $"{{\"{key}\":{value}}}");

        Assert.Contains($"{config}/config.json: {key} is {value};", Assert.Throws<FormatException>(() => ModelFolder.Open(config)).Message);
        Assert.Contains($"generation_config.json: {key} is {value};", Assert.Throws<FormatException>(() => ModelFolder.Open(generation)).Message);
    }

    [Fact]
    public void Special_ids_that_are_T5s_or_not_given_are_taken()
    {
        var folder = Saved("own", ModelFamily.V1_1);
        Configure(folder, ("decoder_start_token_id", null), ("eos_token_id", 1));
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"eos_token_id":1,"pad_token_id":0,"decoder_start_token_id":0}""");

        Assert.NotNull(ModelFolder.Open(folder).Config);
    }

    [Theory, InlineData("pytorch_model.bin"), InlineData("tf_model.h5")]
    public void Weights_in_another_format_are_named_with_what_to_do(string file)
    {
        var folder = Saved("other", ModelFamily.V1_1);
        File.Move(Path.Combine(folder, "model.safetensors"), Path.Combine(folder, file));

        var message = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(folder)).Message;

        Assert.Contains($"has its weights in {file}, which is not read, and no model.safetensors. Convert it", message);
        Assert.Contains($"has its weights in {file}", Refusal("other"));
    }

    [Fact]
    public void A_folder_without_weights_says_so()
    {
        var folder = Saved("empty", ModelFamily.V1_1);
        File.Delete(Path.Combine(folder, "model.safetensors"));

        Assert.Equal($"{folder} has no model.safetensors. Put the weights there in the safetensors format.", Assert.Throws<InvalidDataException>(() => ModelFolder.Open(folder)).Message);
    }

    [Theory, InlineData("model.safetensors"), InlineData("config.json")]
    public void Pointers_of_git_lfs_are_named_with_what_to_do(string file)
    {
        var folder = Saved("pointer", ModelFamily.V1_1);
        File.WriteAllText(Path.Combine(folder, file), Pointer);

        var message = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(folder).LoadModel()).Message;

        Assert.Contains($"{file}'", message);
        Assert.Contains("is a Git LFS pointer to a file of 1,234,567 bytes, not the file itself. Run `git lfs pull`", message);
    }

    [Fact]
    public void A_folder_of_ByT5_has_the_sentinels_that_it_was_trained_with()
    {
        var folder = Saved("byt5", ModelFamily.V1_1);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class":"ByT5Tokenizer","extra_ids":125}""");

        var vocabulary = ModelFolder.Open(folder).Vocabulary!;

        Assert.Equal(('a' + 3, 258, 257), (vocabulary.Encode("a")[0], vocabulary.Sentinel(0), vocabulary.Sentinel(1)));

        // A run that starts from it takes them too, and hands them on.
        var planned = new RunPlanner(new PlanningContext([_root])).Plan(StartingFrom("byt5"));
        Assert.Empty(planned.Errors);
        Assert.Equal(SentinelPlace.LastBytes, planned.Value!.Spec.Vocabulary.Sentinels);
    }

    [Fact]
    public void A_folder_of_bytes_from_before_there_was_a_choice_keeps_its_sentinels()
    {
        var folder = Saved("old", ModelFamily.V1_1);
        File.WriteAllText(Path.Combine(folder, "vocabulary.json"), """{"kind":"bytes","extra_ids":100}""");

        Assert.Equal(358, ModelFolder.Open(folder).Vocabulary!.Sentinel(0));
        var planned = new RunPlanner(new PlanningContext([_root])).Plan(StartingFrom("old"));
        Assert.Empty(planned.Errors);
        Assert.Null(planned.Value!.Spec.Vocabulary.Sentinels);
    }

    [Fact]
    public void A_folder_with_a_tokenizer_that_is_not_read_says_what_to_put_there()
    {
        var folder = Saved("fast", ModelFamily.V1_1);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "{}");

        var models = ModelSet.Open([folder]);

        Assert.Null(models.Vocabulary);
        Assert.Equal("Its tokenizer.json is not read: put the SentencePiece model that it was made from into the folder, as spiece.model.", models.VocabularyRemedy);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void Weights_that_are_not_finite_are_refused_by_name(float value)
    {
        var folder = Saved("broken", ModelFamily.V1_1, change: model => model.Parameters.Value("encoder.block.0.layer.1.DenseReluDense.wo.weight").flatten()[5] = value);

        var error = Assert.Throws<NonFiniteException>(() => ModelSet.Open([folder]).Load());

        Assert.StartsWith($"{folder} cannot be used: 1 of the 512 values of encoder.block.0.layer.1.DenseReluDense.wo.weight are not finite", error.Message);
    }

    [Fact]
    public void Decoding_names_the_row_whose_logits_overflow()
    {
        using var model = T5Folder.Open(Saved("overflows", ModelFamily.V1_1, change: model => model.Parameters.Value("shared.weight")[200L] = float.NaN), Precision.Fp32);

        // Batches are formed by length: the first row is decoded last. Only the third holds the id.
        var error = Assert.Throws<NonFiniteException>(() => new TextDecoder(null, 64, 1).PredictIds(model, [[5, 6, 7, 8, 1], [9, 1], [5, 200, 1]], 3, () => { }));

        Assert.Equal(2, error.Row);
        Assert.StartsWith("Row 3 has logits that are not finite", error.Message);
    }

    [Fact]
    public void An_id_beyond_the_table_is_named_with_its_row()
    {
        using var model = ModelSet.Open([Saved("small", ModelFamily.V1_1)]).Load();

        Assert.StartsWith("Row 1 of the batch holds id 384, and the table of the model ends at 383.", Assert.Throws<ArgumentException>(() => model.StartDecoding([5, 1, 384, 1], 2, 2)).Message);
        Assert.StartsWith("Row 0 of the batch holds id 500", Assert.Throws<ArgumentException>(() => model.Evaluate(new ModelBatch(1, 1, 2, [5], [7, 500]))).Message);
    }

    private string In(string name) => Path.Combine(_root, name);

    private string Saved(string name, ModelFamily family, long seed = 1, Action<T5Model>? change = null)
    {
        var config = T5Sizes.Get("tiny", family) with { VocabularySize = 384, ModelSize = 16, HiddenSize = 32, HeadSize = 8, Heads = 2, EncoderLayers = 1, DecoderLayers = 1 };
        using var scope = NewDisposeScope();
        using var model = new T5Model(config, Precision.Fp32, new T5Initialization(seed));
        using (no_grad())
        {
            change?.Invoke(model);
        }

        T5Folder.Save(In(name), model);
        return In(name);
    }

    private static void Configure(string folder, params (string Key, JsonNode? Value)[] keys)
    {
        var path = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach (var (key, value) in keys)
        {
            config[key] = value;
        }

        File.WriteAllText(path, config.ToJsonString());
    }

    private static float[] Logits(string folder)
    {
        using var scope = NewDisposeScope();
        using var model = ModelFolder.Open(folder).LoadModel();
        return model.Logits(new ModelBatch(1, 4, 4, s_ids, s_ids)).data<float>().ToArray();
    }

    private RunSpec StartingFrom(string model)
    {
        File.WriteAllText(In("rows.tsv"), "s\tv\none\t1\ntwo\t2\n", Encoding.UTF8);
        return new RunSpec(
            "run",
            new Dictionary<string, TaskSpec> { ["t"] = new(Train: new SplitSpec(["rows.tsv"]), Inputs: "{s}", Targets: "{v}", Validation: new SplitSpec(["rows.tsv"]), Metrics: ["exact_match"]) },
            new TrainingSpec(Steps: 0, Batch: 2),
            Model: new ModelSpec(InitFrom: model));
    }

    private string Refusal(string model) => Assert.Single(new RunPlanner(new PlanningContext([_root])).Plan(StartingFrom(model)).Errors).Message;
}
