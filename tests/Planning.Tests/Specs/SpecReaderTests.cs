using System.Diagnostics;
using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Reading;
using Temper.Planning.Runs;

namespace Temper.Planning.Tests.Specs;

public class SpecReaderTests
{
    private const string Minimal = """
        name: tiny-run
        tasks:
          sst2:
            train:
              files: [a.tsv]
            labels: [0, "1"]
        training:
          steps: 10
        """;

    [Fact]
    public void A_short_spec_gets_the_defaults()
    {
        var spec = Read(Minimal);

        Assert.Equal("tiny-run", spec.Name);
        Assert.Equal(["0", "1"], spec.Tasks["sst2"].Labels);
        Assert.Equal(64, spec.Training.Batch);
        Assert.Equal(17, spec.Seed);
        Assert.Equal(MixingStrategy.Proportional, spec.Mixture.Strategy);
    }

    [Fact]
    public void Yaml_and_json_say_the_same()
    {
        var yaml = Read(Minimal + "\n  optimizer:\n    learning_rate: 2e-3\n    kind: adafactor\nmixture:\n  strategy: temperature\n  temperature: 2\nmodel:\n  family: v1_1\n");
        var json = Read(ProtocolJson.Write(yaml));

        Assert.Equal(2e-3, yaml.Training.Optimizer.LearningRate);
        Assert.Equal(ModelFamily.V1_1, yaml.Model.Family);
        Assert.Equal(ProtocolJson.Write(yaml), ProtocolJson.Write(json));
        Assert.Equal(ProtocolJson.Write(yaml), ProtocolJson.Write(ProtocolJson.Read<RunSpec>(ProtocolJson.Write(yaml))));
    }

    [Theory]
    [InlineData("", DeviceKind.Auto, CollectiveKind.Auto)]
    [InlineData("device: cuda\ncollective: nccl\n", DeviceKind.Cuda, CollectiveKind.Nccl)]
    [InlineData("device: cpu\ncollective: nccl\n", DeviceKind.Cpu, CollectiveKind.Nccl)]
    [InlineData("collective: ring\n", DeviceKind.Auto, CollectiveKind.Ring)]
    public void Device_and_collective_are_named(string lines, DeviceKind device, CollectiveKind collective)
    {
        var spec = Read($"{lines}{Minimal}");

        Assert.Equal((device, collective), (spec.Device, spec.Collective));
    }

    [Fact]
    public void Every_mistake_is_listed_with_its_place()
    {
        var errors = Errors("""
            name: no spaces allowed
            tasks:
              a:
                trian: {files: [x]}
                format: xml
                header: maybe
            training:
              stepz: 10
              batch: 0
              optimizer: adamw
            mixture:
              temperature: hot
            seed: 1.5
            """);

        Assert.Equal(
            ["mixture.temperature", "name", "seed", "tasks.a.format", "tasks.a.header", "tasks.a.trian", "training.batch", "training.optimizer", "training.steps", "training.stepz"],
            errors.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("Did you mean 'train'?", errors["tasks.a.trian"]);
        Assert.Contains("tsv, csv, jsonl, text", errors["tasks.a.format"]);
        Assert.Contains("1 to 1000000", errors["training.batch"]);
        Assert.Contains("\"hot\"", errors["mixture.temperature"]);
    }

    [Fact]
    public void Mistakes_of_form_and_of_meaning_are_listed_together()
    {
        var result = new RunPlanner(new PlanningContext([AppContext.BaseDirectory], 1L << 30)).ReadAndPlan(
            """
            name: x
            workers: 3
            sed: 1
            tasks:
              a:
                builtin: no_such_task
              b:
                train:
                  files: [../../etc/passwd]
                inputs: "{text}"
                targets: "{text}"
                format: text
                labels: []
                metrics: [accuracy]
              c:
                builtin: months
                rate: -1
            training:
              steps: 10
              batch: 64
            model:
              size: t5-11b
            """);

        var paths = result.Errors.Select(error => error.Path).ToList();
        foreach (var expected in new[] { "sed", "training.batch", "tasks.a.builtin", "tasks.b.train.files[0]", "tasks.b.labels", "tasks.c.rate", "model" })
        {
            Assert.Contains(expected, paths);
        }

        Assert.Equal(paths.Count, result.Errors.Select(error => error.ToString()).Distinct().Count());
    }

    [Fact]
    public void A_batch_that_takes_too_long_to_cut_is_refused_and_the_largest_one_in_one_piece_is_planned()
    {
        var planner = new RunPlanner(new PlanningContext([]));
        string Spec(int microBatches) => $"name: x\ntasks: {{months: {{builtin: months}}}}\ntraining: {{steps: 100000000, batch: 1000000, micro_batches: {microBatches}, input_length: 64}}";

        Assert.Contains("fewer training.micro_batches", Assert.Single(planner.ReadAndPlan(Spec(2)).Errors).Message);
        Assert.Empty(planner.ReadAndPlan(Spec(1)).Errors);
    }

    [Theory]
    [InlineData("a: [1, 2", "not valid YAML, line 2")]
    [InlineData("{\"name\": 1,}", "not valid JSON")]
    [InlineData("{\"name\": \"a\", \"name\": \"b\"}", "not valid JSON")]
    [InlineData("{\"name\": \"\\ud800\"}", "half of a surrogate pair")]
    [InlineData("name: a\nname: b", "not valid YAML")]
    [InlineData("name: \"\\UFFFFFFFF\"", "not valid YAML")]
    [InlineData("", "YAML documents")]
    [InlineData("--- a\n--- b", "2 YAML documents")]
    [InlineData("? [a]\n: b", "A key must be")]
    [InlineData("[]", "Write an object with keys")]
    public void Text_that_is_no_spec_is_refused_in_plain_words(string text, string expected) =>
        Assert.Contains(expected, Assert.Single(SpecReader.Read(text).Errors).Message);

    [Fact]
    public void An_alias_bomb_is_refused_at_once()
    {
        var lines = new List<string> { "a0: &a0 [x, x, x, x, x, x, x, x, x, x]" };
        for (var i = 1; i < 12; i++)
        {
            lines.Add($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]");
        }

        var watch = Stopwatch.StartNew();
        var error = Assert.Single(SpecReader.Read(string.Join('\n', lines)).Errors);

        Assert.Contains("aliases", error.Message);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "the bomb was written out");
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Deep_nesting_is_refused(char open, char close) =>
        Assert.All([200, 500_000], depth => Assert.NotEmpty(SpecReader.Read("a: " + new string(open, depth) + new string(close, depth)).Errors));

    [Fact]
    public void A_name_is_all_of_what_is_allowed_and_no_line_feed_after_it() =>
        Assert.Contains("name", Errors(Minimal.Replace("name: tiny-run", "name: \"tiny-run\\n\"", StringComparison.Ordinal)).Keys);

    [Fact]
    public void Rows_that_are_evaluated_together_count_for_the_memory_of_a_training()
    {
        static SpecResult<PlannedRun> Plan(int batch, long? available) => new RunPlanner(new PlanningContext([AppContext.BaseDirectory], available)).ReadAndPlan(
            $"name: x\ntasks: {{months: {{builtin: months}}}}\ntraining: {{steps: 10, batch: 8}}\nevaluation: {{batch: {batch}}}");

        var (few, many) = (Plan(8, null).Value!.Plan.MemoryBytes, Plan(50_000, null).Value!.Plan.MemoryBytes);

        // Keys and values alone, of 2 layers and 128 numbers in fp32: 2 KiB for each of the 50,000 rows' tokens.
        Assert.True(many > few + (50_000L * 2048), $"{few} and {many}");
        Assert.Contains("smaller evaluation.batch", Assert.Single(Plan(50_000, few + 1).Errors).Message);
    }

    [Theory]
    [InlineData("size: byt5-small", "", SentinelPlace.LastBytes)]
    [InlineData("size: byt5-tiny", "sentinels: above", SentinelPlace.Above)]
    [InlineData("size: tiny", "", null)]
    [InlineData("size: tiny", "sentinels: last_bytes", SentinelPlace.LastBytes)]
    [InlineData("size: t5-small", "", null)]
    public void Sentinels_lie_where_the_published_models_of_that_size_have_them(string model, string vocabulary, SentinelPlace? place)
    {
        var text = $$"""
            name: tiny-run
            tasks:
              dates: {builtin: dates_en_de}
            training: {steps: 10, batch: 8}
            model: { {{model}} }
            vocabulary: { {{vocabulary}} }
            """;
        var planned = new RunPlanner(new PlanningContext([AppContext.BaseDirectory])).ReadAndPlan(text);

        Assert.Empty(planned.Errors);
        Assert.Equal(place, planned.Value!.Spec.Vocabulary.Sentinels);
    }

    private static RunSpec Read(string text)
    {
        var result = SpecReader.Read(text);
        Assert.Empty(result.Errors);
        return result.Value!;
    }

    private static Dictionary<string, string> Errors(string text) =>
        SpecReader.Read(text).Errors.ToDictionary(error => error.Path, error => error.Message);
}
