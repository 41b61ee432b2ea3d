using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Planning.Models;
using Temper.Worker.Decoding;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Temper.Worker.SafeTensors;

namespace Temper.Worker.Tests.Models;

public sealed class ModelSetTests : IDisposable
{
    private static readonly VocabularySpec Bytes = new();
    private static readonly ModelBatch Batch = new(2, 3, 2, [5, 6, 7, 8, 9, 0], [4, 1, 1, 0]);

    private readonly string _root = Directory.CreateTempSubdirectory("temper-models-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void One_folder_is_its_model_and_several_are_an_ensemble()
    {
        var (a, b) = (Model("a", 1, vocabulary: Bytes), Model("b", 2, ModelFamily.V1_0));

        using var single = ModelSet.Open([a]).Load();
        var set = ModelSet.Open([b, a]);
        using var ensemble = set.Load();

        Assert.IsType<T5Model>(single);
        Assert.IsType<Ensemble>(ensemble);
        Assert.Equal(T5Costs.Parameters(set.Members[0].Config) + T5Costs.Parameters(set.Members[1].Config), ensemble.ParameterCount);
        Assert.Equal("Straße", set.Vocabulary!.Decode(set.Vocabulary.Encode("Straße")));
    }

    [Fact]
    public void An_ensemble_that_was_written_answers_the_same_after_everything_was_moved_together()
    {
        string[] folders = [Model("runs/a/model", 1, vocabulary: Bytes), Model("runs/b/model", 2, vocabulary: Bytes)];
        var set = ModelSet.Open(folders);
        double[] loss;
        using (var ensemble = set.Load())
        {
            loss = ensemble.Evaluate(Batch).RowLoss;
            Directory.CreateDirectory(In("runs/both"));
            set.Write(In("runs/both/model"), ensemble);
        }

        Directory.Move(In("runs"), In("moved"));
        var moved = ModelSet.Open([In("moved/both/model")]);
        using var again = moved.Load();

        Assert.Equal(loss, again.Evaluate(Batch).RowLoss);
        Assert.Equal([In("moved/a/model"), In("moved/b/model")], moved.Members.Select(member => member.Folders.Single()));
        Assert.Equal(["ensemble.json", "vocabulary.json"], Directory.GetFiles(In("moved/both/model")).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal(["model"], Directory.GetFileSystemEntries(In("moved/both")).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void The_vocabulary_beside_an_ensemble_serves_members_that_have_none()
    {
        Model("a", 1);
        Ensemble("both", Combination.Logits, "../a", "../a");
        WriteVocabulary(In("both"), Bytes);

        Assert.NotNull(ModelSet.Open([In("both")]).Vocabulary);

        WriteVocabulary(In("a"), Bytes with { ExtraIds = 99 });
        Assert.Contains("another vocabulary", Refusal(In("both")));
    }

    [Fact]
    public void Weights_are_averaged_over_any_number_of_models()
    {
        string[] folders = [Model("a", 1), Model("b", 2), Model("c", 3)];
        Ensemble("soup", Combination.Weights, "../a", "../b", "../c");
        double[] expected;
        using (var a = ModelFolder.Open(folders[0]).LoadModel())
        using (var b = ModelFolder.Open(folders[1]).LoadModel())
        using (var c = ModelFolder.Open(folders[2]).LoadModel())
        {
            expected = [.. Enumerable.Range(0, (int)a.Parameters.Count).Select(i => ((double)a.Parameters.ValueSpan[i] + b.Parameters.ValueSpan[i] + c.Parameters.ValueSpan[i]) / 3)];
        }

        using var model = Assert.IsType<T5Model>(ModelSet.Open([In("soup")]).Load());

        var values = model.Parameters.ValueSpan.ToArray();
        Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-6 * (1 + Math.Abs(pair.First))));
    }

    [Fact]
    public void The_average_of_one_model_is_that_model_to_the_last_bit()
    {
        var folder = Model("a", 1);
        using var model = ModelFolder.Open(folder).LoadModel();

        using var average = ModelFolder.OpenAverage([folder]).LoadModel();
        using var twice = ModelFolder.OpenAverage([folder, folder]).LoadModel();

        Assert.True(model.Parameters.ValueSpan.SequenceEqual(average.Parameters.ValueSpan));
        Assert.True(model.Parameters.ValueSpan.SequenceEqual(twice.Parameters.ValueSpan));
    }

    [Fact]
    public void Models_that_do_not_fit_are_refused_with_both_names()
    {
        var (a, b, c) = (Model("a", 1, vocabulary: Bytes), Model("b", 2, vocabulary: Bytes with { ExtraIds = 99 }), Model("c", 3, ids: 256));

        string[] refusals = [Refusal(a, b), Refusal(a, c), Average(a, c), Average(a, Model("d", 4, ModelFamily.V1_0))];

        Assert.All(refusals, refusal => Assert.Contains(a, refusal));
        Assert.Contains($"{b} was trained with another vocabulary", refusals[0]);
        Assert.Contains($"{c} has 256 logits at each position", refusals[1]);
        Assert.Contains(c, refusals[2]);
        Assert.Contains("has another shape", refusals[3]);
    }

    [Fact]
    public void What_is_no_ensemble_is_refused_with_place_and_remedy()
    {
        var a = Model("a", 1);
        var good = Ensemble("good", Combination.Logits, "../a");
        var nested = Ensemble("nested", Combination.Logits, "../a", "../good");
        var itself = Ensemble("itself", Combination.Logits, "../itself");
        var missing = Ensemble("missing", Combination.Logits, "../a", "../gone");
        var empty = Ensemble("empty", Combination.Logits);

        Assert.Equal($"{nested}/ensemble.json: members[1], {good}, is an ensemble itself. Name its members in its place: {a}.", Refusal(nested));
        Assert.Contains("is an ensemble itself", Refusal(itself));
        Assert.Equal($"{missing}/ensemble.json: members[1], {In("gone")}, is not there. Move the model back, or write where it is now.", Refusal(missing));
        Assert.StartsWith($"{empty}/ensemble.json names no members.", Refusal(empty));
        Assert.Equal($"{good} is an ensemble and has no weights of its own. Name its members in its place: {a}.", Refusal(a, good));
        Assert.Contains("has no config.json", Refusal(Directory.CreateDirectory(In("nothing")).FullName));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"combine":"logits","members":null}""")]
    [InlineData("""{"combine":"logits","members":[null]}""")]
    [InlineData("""{"combine":"logits","members":[" "]}""")]
    [InlineData("""{"combine":"logits","members":["a\u0000b"]}""")]
    [InlineData("""{"combine":"logits","members":"a"}""")]
    [InlineData("""{"combine":"votes","members":["../a"]}""")]
    public void Damaged_files_are_refused_and_named(string text)
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(In("damaged")).FullName, EnsembleFile.Name), text);

        var refusal = Refusal(In("damaged"));

        Assert.StartsWith($"{In("damaged")}/ensemble.json", refusal);
        Assert.Contains("\"members\": [", refusal);
    }

    private string In(string name) => Path.Combine(_root, name);

    private static string Refusal(params string[] folders) => Assert.Throws<InvalidDataException>(() => ModelSet.Open(folders)).Message;

    private static string Average(params string[] folders) => Assert.Throws<InvalidDataException>(() => ModelFolder.OpenAverage(folders)).Message;

    private string Model(string name, long seed, ModelFamily family = ModelFamily.V1_1, int ids = 384, VocabularySpec? vocabulary = null)
    {
        var config = T5Sizes.Get("tiny", family) with { VocabularySize = ids, ModelSize = 8, HiddenSize = 8, EncoderLayers = 1, DecoderLayers = 1 };
        using var model = new T5Model(config, Precision.Fp32, new T5Initialization(seed));
        T5Folder.Save(In(name), model);
        if (vocabulary is not null)
        {
            WriteVocabulary(In(name), vocabulary);
        }

        return In(name);
    }

    private static void WriteVocabulary(string folder, VocabularySpec vocabulary) =>
        File.WriteAllText(Path.Combine(folder, FolderVocabulary.DescriptionFile), ProtocolJson.Write(vocabulary));

    private string Ensemble(string name, Combination combine, params string[] members)
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(In(name)).FullName, EnsembleFile.Name), ProtocolJson.Write(new EnsembleFile(combine, members)));
        return In(name);
    }
}
