using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using Json.Schema;
using Temper.Mixture.Tasks;
using Temper.Planning.Reading;
using Temper.Planning.Schemas;
using Temper.TestKit;

namespace Temper.Docs.Tests.Schemas;

/// <summary>The schemas against the readers, who alone decide. With TEMPER_UPDATE=1 the files are written.</summary>
public class SchemaTests
{
    private const string Quickstart = "quickstart";
    private const string Pretraining = "pretrain-finetune";

    private static readonly JsonSchema s_run = JsonSchema.FromText(SpecSchema.OfRun());
    private static readonly JsonSchema s_experiment = JsonSchema.FromText(SpecSchema.OfExperiment());

    public static TheoryData<string> Examples => [.. Directory.GetFiles(Path.Combine(Repository.Root, "examples"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_schema_of_a_run_in_the_repository_is_that_of_the_program() => CheckedIn.Is("docs/schema/run.schema.json", SpecSchema.OfRun());

    [Fact]
    public void The_schema_of_an_experiment_in_the_repository_is_that_of_the_program() => CheckedIn.Is("docs/schema/experiment.schema.json", SpecSchema.OfExperiment());

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_is_what_its_schema_describes(string name)
    {
        var text = Text(name);
        var result = Evaluate(Tree(text));

        Assert.True(result.IsValid, Told(result));
        Assert.StartsWith($"# yaml-language-server: $schema=../docs/schema/{(IsExperiment(Tree(text)) ? "experiment" : "run")}.schema.json\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Quickstart, "steps: 1200", "step: 1200")]
    [InlineData(Quickstart, "steps: 1200", "steps: many")]
    [InlineData(Quickstart, "steps: 1200", "steps: 1.5")]
    [InlineData(Quickstart, "steps: 1200", "steps: -1")]
    [InlineData(Quickstart, "steps: 1200", "steps: [1200]")]
    [InlineData(Quickstart, "  steps: 1200", "")]
    [InlineData(Quickstart, "workers: 2", "workers: 0")]
    [InlineData(Quickstart, "workers: 2", "workers:")]
    [InlineData(Quickstart, "name: quickstart", "name: quick start")]
    [InlineData(Quickstart, "name: quickstart", "title: quickstart")]
    [InlineData(Quickstart, "kind: bytes", "kind: byte")]
    [InlineData(Quickstart, "kind: bytes", "kind: Bytes")]
    [InlineData(Quickstart, "dropout: 0.0", "dropout: 1")]
    [InlineData(Quickstart, "learning_rate: 2e-3", "learning_rate: 2e")]
    [InlineData(Quickstart, "builtin: months", "builtin: {name: months}")]
    [InlineData(Pretraining, "comparison:", "comparisons:")]
    [InlineData(Pretraining, "comparison:", "ensemble: {}\ncomparison:")]
    [InlineData(Pretraining, "- training: ", "- name: own\n          training: ")]
    [InlineData(Pretraining, "steps: 500", "stepps: 500")]
    [InlineData(Pretraining, "  workers: 1", "  name: own\n  workers: 1")]
    [InlineData(Pretraining, "seeds: [17]", "seeds: 17")]
    [InlineData(Pretraining, "- {} ", "- 1 ")]
    public void A_wrong_spec_fails_by_the_schema_as_by_the_reader(string example, string right, string wrong)
    {
        var text = Text(example);
        Assert.Contains(right, text);
        var spoilt = text.Replace(right, wrong, StringComparison.Ordinal);

        Assert.False(IsRead(Tree(spoilt)));
        Assert.False(Evaluate(Tree(spoilt)).IsValid);
    }

    [Fact]
    public void What_the_readers_accept_the_schema_accepts()
    {
        var trees = Examples.Select(row => Tree(Text(row.Data))).ToArray();
        JsonNode?[] values = [null, 0, 1, -1, 2.5, 1e-3, 1e30, "", "text", "1e-3", " 7 ", "bytes", "t5", "auto", "run:1", true, false, new JsonArray(), new JsonArray(1), new JsonObject()];

        Gen.Select(Gen.Int[0, trees.Length - 1], Gen.Int[0, int.MaxValue], Gen.Int[0, values.Length - 1]).Sample(
            (example, place, value) =>
            {
                var tree = trees[example].DeepClone();
                var places = Places(tree).ToList();
                Put(places[place % places.Count], values[value]);
                return !IsRead(tree.DeepClone()) || Evaluate(tree).IsValid;
            },
            iter: 1000);
    }

    private static string Text(string example) => File.ReadAllText(Path.Combine(Repository.Root, "examples", example + ".yaml"));

    private static JsonNode Tree(string text)
    {
        var errors = new List<SpecError>();
        return SpecReader.Document(text, errors) ?? throw new InvalidDataException(string.Join('\n', errors));
    }

    private static bool IsExperiment(JsonNode tree) => tree is JsonObject spec && spec.ContainsKey("base");

    private static bool IsRead(JsonNode tree) => IsExperiment(tree)
        ? ExperimentReader.Read(tree.ToJsonString()).Value is not null
        : SpecReader.Read(tree.ToJsonString()).Value is not null;

    private static EvaluationResults Evaluate(JsonNode tree) =>
        (IsExperiment(tree) ? s_experiment : s_run).Evaluate(System.Text.Json.JsonSerializer.SerializeToElement(tree), new EvaluationOptions { OutputFormat = OutputFormat.List });

    private static string Told(EvaluationResults results) => string.Join('\n', (results.Details ?? []).Where(detail => detail.Errors is not null)
        .Select(detail => string.Create(CultureInfo.InvariantCulture, $"{detail.InstanceLocation}: {string.Join(' ', detail.Errors!.Values)}")));

    private static IEnumerable<JsonNode> Places(JsonNode node) => node switch
    {
        JsonObject map => map.Where(pair => pair.Value is not null).SelectMany(pair => Places(pair.Value!).Prepend(pair.Value!)),
        JsonArray list => list.Where(item => item is not null).SelectMany(item => Places(item!).Prepend(item!)),
        _ => [],
    };

    private static void Put(JsonNode place, JsonNode? value)
    {
        switch (place.Parent)
        {
            case JsonObject map:
                map[place.GetPropertyName()] = value?.DeepClone();
                break;
            case JsonArray list:
                list[place.GetElementIndex()] = value?.DeepClone();
                break;
        }
    }
}
