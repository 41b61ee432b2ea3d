using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>Much at once, on a coordinator that is killed again and again.</summary>
[Collection("processes")]
public sealed class FleetTests : IDisposable
{
    private const int RunCount = 30;
    private const int Kills = 5;
    private const int StepsOfARun = 30;
    private const int CheckpointEvery = 10;
    private static readonly Dictionary<string, string> s_token = new() { ["TEMPER_AGENT_TOKEN"] = "a-token-for-tests" };
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(15);

    private static readonly string[] s_questions =
    [
        "mixture_study: {mixtures: [{strategy: equal}, {strategy: proportional}], alone: false}",
        "mixture_study: {mixtures: [{strategy: equal}], seeds: [1, 2]}",
        "ensemble: {members: 2}",
        "ensemble: {members: 2, parent: {training: {steps: 20}}}",
        "scaling: {compute: 2, curve: [1]}",
        "comparison: {recipes: {scratch: {stages: [{}]}, staged: {stages: [{training: {steps: 20}}, {}]}}}",
        "comparison: {recipes: {together: {stages: [{}]}, apart: {stages: [{}], each_task: true}}}",
    ];

    private readonly RunFolder _folder = new();
    private readonly ReservedPort _port = new();
    private readonly HttpClient _http;

    public FleetTests()
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}/") };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
    }

    public void Dispose()
    {
        _http.Dispose();
        _port.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Seven_experiments_and_thirty_runs_all_end_though_the_coordinator_is_killed_five_times()
    {
        await using var one = Agent("one");
        await using var two = Agent("two");
        var experiments = new List<string>();
        var coordinator = await Serve();
        try
        {
            var submissions = s_questions.Select(question => PostAsync("experiments", $"name: fleet\nbase:\n{Indented(Spec(null))}\n{question}\n"))
                .Concat(Enumerable.Range(0, RunCount).Select(i => PostAsync("runs", Spec($"fleet-{i}"))));
            var accepted = await Task.WhenAll(submissions);
            experiments.AddRange(accepted.Take(s_questions.Length).Select(answer => (string)answer["id"]!));
            for (var kill = 1; kill <= Kills; kill++)
            {
                var threshold = kill * 8;
                await UntilAsync(async () => (await RunsAsync()).Count(HasEnded) >= threshold, $"{threshold} runs have ended");
                coordinator.Signal("KILL");
                await coordinator.DisposeAsync();
                coordinator = await Serve();
            }

            await UntilAsync(
                async () => (await Task.WhenAll(experiments.Select(id => GetAsync($"experiments/{id}")))).All(HasEnded) && (await RunsAsync()).All(HasEnded),
                "everything has ended");
            var runs = await RunsAsync();
            foreach (var id in experiments)
            {
                var experiment = await GetAsync($"experiments/{id}");
                Assert.Equal(("succeeded", id), ((string)experiment["phase"]!, id));
                Assert.True(File.Exists(Path.Combine((string)experiment["output_directory"]!, "report.html")));
                Assert.Equal((int)experiment["runs"]!, runs.Count(run => (string?)run["experiment_id"] == id));
            }

            Assert.Equal(RunCount, runs.Count(run => run["experiment_id"] is null));
            foreach (var run in runs)
            {
                await CheckLifeAsync(run);
            }
        }
        finally
        {
            await coordinator.DisposeAsync();
        }
    }

    /// <summary>None lost, none run twice, no step repeated but those after the last checkpoint: by the run's own log.</summary>
    private async Task CheckLifeAsync(JsonNode run)
    {
        var id = (string)run["id"]!;
        Assert.Equal(("succeeded", id), ((string)run["phase"]!, id));
        var events = (await GetAsync($"runs/{id}/events"))["items"]!.AsArray();
        Assert.Single(events, e => Kind(e) == "succeeded");
        Assert.Single(events, e => Kind(e) == "submitted");
        Assert.Single(events, e => Kind(e) == "finished");

        // Each epoch but the last ended in a recovery, and each began where the last whole checkpoint was.
        var starts = events.Where(e => Kind(e) == "admitted").ToList();
        Assert.Equal(events.Count(e => Kind(e) == "recovery") + 1, starts.Count);
        var lastCheckpoint = 0;
        foreach (var e in events)
        {
            if (Kind(e) == "checkpoint")
            {
                lastCheckpoint = (int)e!["data"]!["step"]!;
            }
            else if (Kind(e) == "admitted")
            {
                Assert.Equal((id, lastCheckpoint), (id, (int)e!["data"]!["from_step"]!));
            }
        }

        // And every step is there, made by the epoch that counts.
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(_folder["state"], "metrics.db"), Mode = SqliteOpenMode.ReadOnly }.ToString());
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*), COALESCE(MAX(step), 0), COUNT(DISTINCT epoch) FROM steps WHERE run = @run";
        command.Parameters.AddWithValue("@run", id);
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        Assert.Equal(((int)run["steps"]!, (int)run["steps"]!), (reader.GetInt32(0), reader.GetInt32(1)));
        Assert.InRange(reader.GetInt32(2), 0, starts.Count);
    }

    private static string Kind(JsonNode? e) => (string)e!["kind"]!;

    private static bool HasEnded(JsonNode status) => (string)status["phase"]! is "succeeded" or "failed" or "cancelled";

    private async Task<ChildProcess> Serve()
    {
        var process = TemperProcess.Start(
            ["serve", "--url", $"http://127.0.0.1:{_port}", "--state", _folder["state"], "--data", AppContext.BaseDirectory, "--output", _folder["runs"]], s_token);
        await process.Says("coordinator at");
        return process;
    }

    private ChildProcess Agent(string id) => TemperProcess.Start(["agent", "--server", $"http://127.0.0.1:{_port}", "--id", id], s_token);

    private async Task<JsonNode> PostAsync(string path, string yaml)
    {
        using var answer = await _http.PostAsync($"api/v1/{path}", new StringContent(yaml, Encoding.UTF8, "application/yaml"));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == 201, body);
        return JsonNode.Parse(body)!;
    }

    private async Task<JsonNode> GetAsync(string path) => (await _http.GetFromJsonAsync<JsonNode>($"api/v1/{path}"))!;

    private async Task<List<JsonNode>> RunsAsync() => [.. (await GetAsync("runs?limit=500"))["items"]!.AsArray().Select(item => item!)];

    // Without a coordinator there is no answer: that is what the test is about.
    private static async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (true)
        {
            try
            {
                if (await holds())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
            }

            Assert.False(limit.IsCancellationRequested, $"this did not come true within {s_limit}: {what}");
            await Task.Delay(100, CancellationToken.None);
        }
    }

    private static string Indented(string yaml) => string.Join('\n', yaml.Split('\n').Select(line => $"  {line}"));

    private static string Spec(string? name) => string.Create(CultureInfo.InvariantCulture, $$"""
        {{(name is null ? "workers: 1" : $"name: {name}")}}
        model: {d_model: 16, d_ff: 32, d_kv: 8, heads: 2, layers: 1, dropout: 0.1, embedding_std: 0.02}
        tasks:
          months: {builtin: months}
          days: {builtin: days}
        training: {steps: {{StepsOfARun}}, batch: 8, input_length: 64, target_length: 16, precision: fp32, checkpoint_every: {{CheckpointEvery}}}
        evaluation: {final_max_examples: 4}
        """);
}
