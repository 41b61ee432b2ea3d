using System.Text.Json.Nodes;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary><c>temper evaluate</c> of the model that a run left says what the run's report says.</summary>
[Collection("processes")]
public sealed class EvaluateTests(EvaluateTests.Running service) : IClassFixture<EvaluateTests.Running>
{
    private readonly RunFolder _folder = service.Folder;

    /// <summary>Three runs each: one that trains, one of no steps that starts from its model, and one of its model and a checkpoint together.</summary>
    [Theory]
    [InlineData("fp32", 1)]
    [InlineData("fp32", 2)]
    [InlineData("bf16", 1)]
    [InlineData("bf16", 2)]
    public async Task A_runs_model_is_given_the_metrics_and_losses_of_its_report_to_the_last_bit(string precision, int workers)
    {
        var trained = await Run("trains", "");
        await Run("starts", $"init_from: {trained}/model");
        await Run("together", $"members: [{trained}/model, {trained}/checkpoints/step-00000020-epoch-1]");

        async Task<string> Run(string name, string model)
        {
            var spec = Write(name, model);
            var ended = await service.Service.End(await service.Service.Submit(spec));
            Assert.True((string)ended["phase"]! == "succeeded", ended.ToJsonString());
            var output = (string)ended["output_directory"]!;

            var (exit, printed) = await TemperProcess.Run("evaluate", spec, "--data", _folder["."], "--model", Path.Combine(output, "model"), "--output", _folder[$"{name}.json"]);

            Assert.True(exit == 0, printed);
            var (report, evaluated) = (RunFolder.Report(output)["tasks"]!.AsObject(), JsonNode.Parse(File.ReadAllText(_folder[$"{name}.json"]))!);
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

            return Path.GetRelativePath(_folder["."], output);
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

    /// <summary>A coordinator and an agent, which many runs share.</summary>
    public sealed class Running : IAsyncLifetime
    {
        private TestKit.ChildProcess? _coordinator;
        private TestKit.ChildProcess? _agent;

        internal RunFolder Folder { get; } = new();

        internal Service Service { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Service = new Service(Folder, Folder["."]);
            _coordinator = Service.Serve();
            await _coordinator.Says("coordinator at");
            _agent = Service.Agent("one", "--slots", "2");
        }

        public async ValueTask DisposeAsync()
        {
            await _agent!.DisposeAsync();
            await _coordinator!.DisposeAsync();
            Service.Dispose();
            Folder.Dispose();
        }
    }
}
