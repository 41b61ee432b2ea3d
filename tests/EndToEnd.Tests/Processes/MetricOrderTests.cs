using System.Text.Json.Nodes;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>From the spec to what a run and <c>temper evaluate</c> report.</summary>
[Collection("processes")]
public sealed class MetricOrderTests : IDisposable
{
    private static readonly string[] Declared = ["f1", "accuracy"];

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_first_metric_of_a_task_is_the_first_of_its_results()
    {
        File.WriteAllLines(_folder["rows.tsv"], ["x\ty", "one\tno", "two\tyes", "three\tyes"]);
        File.WriteAllText(_folder["spec.yaml"], """
            name: order
            model: {d_model: 16, d_ff: 16, d_kv: 8}
            training: {steps: 1, batch: 2, input_length: 16, target_length: 8, precision: fp32}
            tasks:
              yes_no:
                train: {files: [rows.tsv]}
                validation: {files: [rows.tsv]}
                inputs: "{x}"
                targets: "{y}"
                labels: ["no", "yes"]
                metrics: [f1, accuracy]
            """);

        var (ran, ending) = await TemperProcess.Run("run", _folder["spec.yaml"], "--data", _folder["."], "--output", _folder["out"]);
        var (evaluated, table) = await TemperProcess.Run("evaluate", _folder["spec.yaml"], "--data", _folder["."], "--model", _folder["out/model"], "--output", _folder["metrics.json"]);

        Assert.Equal((0, 0), (ran, evaluated));
        var task = RunFolder.Report(_folder["out"])["tasks"]!["yes_no"]!;
        Assert.Equal(Declared, Names(task["metrics"]));
        Assert.Equal(Declared, Names(task["validation"]!["metrics"]));
        Assert.Equal(Declared, Names(JsonNode.Parse(File.ReadAllText(_folder["metrics.json"]))!["yes_no"]!["validation"]!["metrics"]));
        Assert.All((string[])[ending, table], text => Assert.True(text.LastIndexOf("f1", StringComparison.Ordinal) < text.LastIndexOf("accuracy", StringComparison.Ordinal), text));
    }

    private static IEnumerable<string> Names(JsonNode? metrics) => metrics!.AsObject().Select(metric => metric.Key);
}
