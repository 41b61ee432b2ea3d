using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>A coordinator and agents that were started by hand, as on a cluster.</summary>
[Collection("processes")]
public sealed class ServiceTests : IDisposable
{
    private static readonly Dictionary<string, string> Token = new() { ["TEMPER_AGENT_TOKEN"] = "a-token-for-tests" };

    private readonly RunFolder _folder = new();
    private readonly ReservedPort _port = new();
    private readonly HttpClient _http;

    public ServiceTests() => _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}/") };

    public void Dispose()
    {
        _http.Dispose();
        _port.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_submitted_spec_gives_the_losses_of_the_one_command_to_the_last_bit()
    {
        var spec = _folder.Spec(steps: 60);
        Assert.Equal(0, (await TemperProcess.Run("run", spec, "--output", _folder["whole"])).ExitCode);

        await using var coordinator = Serve();
        await using var one = Agent("one");
        await using var two = Agent("two");
        await coordinator.Says("coordinator at");
        var run = await Submit(spec);
        var ended = await End(run);

        Assert.Equal("succeeded", (string)ended["phase"]!);
        Assert.Equal(RunFolder.Losses(_folder["whole"]), RunFolder.Losses((string)ended["output_directory"]!));
    }

    [Fact]
    public async Task A_run_that_was_accepted_survives_a_coordinator_that_is_killed_at_once()
    {
        var spec = _folder.Spec(steps: 60, workers: 1);
        string run;
        await using (var first = Serve())
        {
            await first.Says("coordinator at");
            run = await Submit(spec);
            first.Signal("KILL");
            await first.Exit();
        }

        await using var second = Serve();
        await using var agent = Agent("one");
        await second.Says("coordinator at");

        Assert.Equal("succeeded", (string)(await End(run))["phase"]!);
    }

    [Fact]
    public async Task Training_goes_on_while_the_coordinator_is_away()
    {
        var spec = _folder.Spec(steps: 200, workers: 2);
        Assert.Equal(0, (await TemperProcess.Run("run", spec, "--output", _folder["whole"])).ExitCode);
        await using var first = Serve();
        await using var one = Agent("one");
        await using var two = Agent("two");
        await first.Says("coordinator at");
        var run = await Submit(spec);
        var output = (string)(await Show(run))["output_directory"]!;
        await Processes.Until(() => RunFolder.HasCheckpoint(output, 20), "the first checkpoint");
        first.Signal("KILL");
        await first.Exit();
        await Processes.Until(() => RunFolder.HasCheckpoint(output, 80), "checkpoints without a coordinator");

        await using var second = Serve();
        await second.Says("coordinator at");
        var ended = await End(run);

        Assert.Equal("succeeded", (string)ended["phase"]!);
        Assert.Empty(ended["recoveries"]!.AsArray());
        Assert.Equal(RunFolder.Losses(_folder["whole"]), RunFolder.Losses(output));
    }

    [Fact]
    public async Task A_wrong_spec_has_the_same_words_over_REST_and_on_the_command_line()
    {
        var spec = _folder.Spec();
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("batch: 32", "batch: 33").Replace("temperature: 2", "temperature: -1"));
        await using var coordinator = Serve();
        await coordinator.Says("coordinator at");

        using var answer = await _http.PostAsync("api/v1/runs", Yaml(File.ReadAllText(spec)));
        var (exit, printed) = await TemperProcess.Run("submit", spec, "--server", _http.BaseAddress!.ToString());

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal(2, exit);
        var errors = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!.AsArray();
        Assert.Equal(["mixture.temperature", "training.batch"], errors.Select(error => (string)error!["path"]!).Order());
        var words = string.Join(' ', printed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        foreach (var error in errors)
        {
            Assert.Contains((string)error!["path"]!, words);
            Assert.Contains((string)error!["message"]!, words);
        }
    }

    private ChildProcess Serve() => TemperProcess.Start(
        ["serve", "--url", $"http://127.0.0.1:{_port}", "--state", _folder["state"], "--data", AppContext.BaseDirectory, "--output", _folder["runs"]], Token);

    private ChildProcess Agent(string id) => TemperProcess.Start(["agent", "--server", $"http://127.0.0.1:{_port}", "--id", id], Token);

    private async Task<string> Submit(string spec)
    {
        using var answer = await _http.PostAsync("api/v1/runs", Yaml(File.ReadAllText(spec)));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, body);
        return (string)JsonNode.Parse(body)!["id"]!;
    }

    private async Task<JsonNode> Show(string run) => (await _http.GetFromJsonAsync<JsonNode>($"api/v1/runs/{run}"))!;

    private async Task<JsonNode> End(string run)
    {
        JsonNode status = new JsonObject();
        await Processes.Until(
            () =>
            {
                status = Show(run).GetAwaiter().GetResult();
                return (string)status["phase"]! is "succeeded" or "failed" or "cancelled";
            },
            $"run {run} ends");
        return status;
    }

    private static StringContent Yaml(string text) => new(text, Encoding.UTF8, "application/yaml");
}
