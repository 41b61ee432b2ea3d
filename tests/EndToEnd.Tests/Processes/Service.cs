using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>A coordinator and agents that are started by hand, as on a cluster, and what the coordinator says over REST.</summary>
/// <param name="folder">Where state and output folders lie.</param>
/// <param name="data">The data root.</param>
internal sealed class Service(RunFolder folder, string? data = null) : IDisposable
{
    private static readonly Dictionary<string, string> s_token = new() { ["TEMPER_AGENT_TOKEN"] = "a-token-for-tests" };

    private readonly ReservedPort _port = new();
    private HttpClient? _http;

    public string Url => $"http://127.0.0.1:{_port}/";

    public HttpClient Http => _http ??= new HttpClient { BaseAddress = new Uri(Url) };

    public ChildProcess Serve() => TemperProcess.Start(
        ["serve", "--url", $"http://127.0.0.1:{_port}", "--state", folder["state"], "--data", data ?? AppContext.BaseDirectory, "--output", folder["runs"]], s_token);

    public ChildProcess Agent(string id, params string[] more) => TemperProcess.Start(["agent", "--server", $"http://127.0.0.1:{_port}", "--id", id, .. more], s_token);

    /// <summary>Submits a file; fails unless it is accepted.</summary>
    public async Task<string> Submit(string spec)
    {
        using var answer = await Http.PostAsync("api/v1/runs", Yaml(await File.ReadAllTextAsync(spec)));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == 201, body);
        return (string)JsonNode.Parse(body)!["id"]!;
    }

    public JsonNode Get(string path) => Http.GetFromJsonAsync<JsonNode>($"api/v1/{path}").GetAwaiter().GetResult()!;

    public JsonNode Show(string run) => Get($"runs/{run}");

    /// <summary>The run, once it has ended.</summary>
    public async Task<JsonNode> End(string run)
    {
        JsonNode status = new JsonObject();
        await Processes.Until(() => (string)(status = Show(run))["phase"]! is "succeeded" or "failed" or "cancelled", $"run {run} ends");
        return status;
    }

    public static StringContent Yaml(string text) => new(text, Encoding.UTF8, "application/yaml");

    public void Dispose()
    {
        _http?.Dispose();
        _port.Dispose();
    }
}
