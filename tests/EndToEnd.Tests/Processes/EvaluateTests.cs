using System.Text.Json.Nodes;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary><c>temper evaluate</c> of the model that a run left says what the run's report says.</summary>
[Collection("processes")]
public sealed class EvaluateTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Three runs each: one that trains, one of no steps that starts from its model, and one of its model and a checkpoint together.</summary>
    [Theory]
    [InlineData("fp32", 1)]
    [InlineData("fp32", 2)]
    [InlineData("bf16", 1)]
    [InlineData("bf16", 2)]
    public async Task A_runs_model_is_given_the_metrics_and_losses_of_its_report_to_the_last_bit(string precision, int workers)
    {
        var (trains, starts, together) = (Write("trains", ""), Write("starts", "init_from: trains-out/model"), Write("together", "members: [trains-out/model, trains-out/checkpoints/step-00000020-epoch-1]"));
        foreach (var (name, spec) in new[] { ("trains", trains), ("starts", starts), ("together", together) })
        {
            var (exit, output) = await TemperProcess.Run("run", spec, "--data", _folder["."], "--output", _folder[$"{name}-out"]);
            Assert.True(exit == 0, output);

            (exit, output) = await TemperProcess.Run("evaluate", spec, "--data", _folder["."], "--model", Path.Combine(_folder[$"{name}-out"], "model"), "--output", _folder[$"{name}.json"]);

            Assert.True(exit == 0, output);
            var (report, evaluated) = (RunFolder.Report(_folder[$"{name}-out"])["tasks"]!.AsObject(), JsonNode.Parse(File.ReadAllText(_folder[$"{name}.json"]))!);
            Assert.Equal(["arithmetic", "months"], report.Select(task => task.Key).Order(StringComparer.Ordinal));
            foreach (var (task, split) in report.SelectMany(task => new[] { "validation", "test" }.Select(split => (task.Key, split))))
            {
                var (said, found) = (report[task]![split]!, evaluated[task]![split]!);
                Assert.InRange((double)said["loss"]!, 1e-3, 10);
                Assert.NotEmpty(said["metrics"]!.AsObject());
                foreach (var key in (string[])["examples", "metrics", "loss"])
                {
                    Assert.Equal($"{name} {task} {split} {key} {said[key]!.ToJsonString()}", $"{name} {task} {split} {key} {found[key]!.ToJsonString()}");
                }
            }
        }

        string Write(string name, string model)
        {
            // Of a run that starts from weights their shape is taken as it is.
            var path = _folder[$"{name}.yaml"];
            var lines = File.ReadAllLines(_folder.Spec(steps: model.Length == 0 ? 24 : 0, workers, more: "  batch: 16"))
                .Select(line => line.Replace("precision: fp32", $"precision: {precision}", StringComparison.Ordinal))
                .Where(line => model.Length == 0 || !(line.Contains(" d_", StringComparison.Ordinal) || line.Contains("embedding_std", StringComparison.Ordinal) || line.Contains("warmup", StringComparison.Ordinal)));
            File.WriteAllLines(path, lines.Select(line => line == "model:" && model.Length > 0 ? $"model:\n  {model}" : line));
            return path;
        }
    }
}
