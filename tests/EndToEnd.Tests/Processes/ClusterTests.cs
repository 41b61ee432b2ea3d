using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>Several coordinators on one PostgreSQL database, and agents that know them all.</summary>
[Collection("processes")]
public sealed class ClusterTests : IDisposable
{
    private const string AdminKey = "an-admin-key-for-the-tests";

    // As Orleans writes it.
    private const int Active = 3;

    private readonly UndisturbedRun _undisturbed;
    private readonly RunFolder _folder = new();
    private readonly PostgresServer _server = PostgresServer.Shared;
    private readonly string _database;
    private readonly Dictionary<string, string> _environment;
    private readonly List<(ChildProcess Process, HttpClient Http)> _coordinators = [];

    public ClusterTests(UndisturbedRun undisturbed)
    {
        _undisturbed = undisturbed;
        _database = _server.NewDatabase();
        _environment = new() { ["TEMPER_AGENT_TOKEN"] = "a-token-for-tests", ["TEMPER_DATABASE"] = _database, ["TEMPER_ADMIN_KEY"] = AdminKey };
    }

    public void Dispose()
    {
        _coordinators.ForEach(coordinator => coordinator.Http.Dispose());
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Training_does_not_notice_that_the_coordinator_of_its_run_or_the_other_one_is_killed(bool ofItsRun)
    {
        var spec = _folder.Spec(UndisturbedRun.Steps);
        await using var first = Serve();
        await using var second = Serve();
        await Listening();
        await using var one = Agent("one");
        await using var two = Agent("two");
        await Processes.Until(() => Gateways(0).Count == 2 && Gateways(1).Count == 2, "both coordinators know both gateways");

        var run = await Submit(0, spec);
        var output = (string)(await Get(1, $"runs/{run}"))["output_directory"]!;
        // As the coordinators know it: on the disk it lies up to a heartbeat earlier.
        var before = await Until(1, run, status => (int)status["step"]! >= 20, "has made its first steps");
        var owner = first.Output.Contains($"Run {run} is looked after by this coordinator") ? 0 : 1;
        Assert.Contains($"Run {run} is looked after by this coordinator", _coordinators[owner].Process.Output);
        var (killed, survivor) = ofItsRun ? (owner, 1 - owner) : (1 - owner, owner);
        _coordinators[killed].Process.Signal("KILL");
        await _coordinators[killed].Process.Exit();

        // What is asked of the other one it answers, and does not wait until the dead one counts as dead.
        Assert.Equal("running", (string)(await Get(survivor, $"runs/{run}"))["phase"]!);
        Assert.Equal(run, (string)Assert.Single((await Get(survivor, "runs"))["items"]!.AsArray())!["id"]!);
        Assert.NotEmpty((await Get(survivor, $"runs/{run}/metrics"))["steps"]!.AsArray());
        Assert.NotEmpty((await Get(survivor, $"runs/{run}/events"))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.OK, await Status(survivor, "health/ready"));
        Assert.Equal("2", _server.Query(_database, $"SELECT count(*) FROM silos WHERE status = {Active}"));
        var another = await Submit(survivor, _folder.Spec(steps: 20, workers: 1));

        await using var third = Serve();
        await Listening();
        await Processes.Until(() => Gateways(2).Count == 2, "the killed one is no gateway any more, and the new one is");
        var ended = await End(survivor, run);

        Assert.Equal(("succeeded", 1), ((string)ended["phase"]!, (int)ended["epoch"]!));
        Assert.Empty(ended["recoveries"]!.AsArray());
        Assert.Equal((int)before["epoch"]!, (int)ended["epoch"]!);
        Assert.Equal(RunFolder.Losses(await _undisturbed.Output), RunFolder.Losses(output));
        var events = (await Get(2, $"runs/{run}/events"))["items"]!.AsArray().Select(e => (string)e!["kind"]!).ToList();
        Assert.Equal((1, 0, 1), (events.Count(kind => kind == "admitted"), events.Count(kind => kind == "recovery"), events.Count(kind => kind == "succeeded")));
        Assert.Equal($"{UndisturbedRun.Steps}|{UndisturbedRun.Steps}|1", _server.Query(_database, $"SELECT count(*), max(step), count(DISTINCT epoch) FROM steps WHERE run = '{run}'"));
        Assert.Equal("succeeded", (string)(await End(2, another))["phase"]!);
    }

    [Fact]
    public async Task What_happens_at_one_coordinator_is_known_to_the_other_and_a_key_opens_both()
    {
        await using var first = Serve();
        await using var second = Serve();
        await Listening();
        var run = await Submit(0, _folder.Spec(workers: 1));

        using var ask = new HttpRequestMessage(HttpMethod.Get, $"api/v1/runs/{run}/events");
        ask.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var events = await _coordinators[1].Http.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead);
        using var stream = await events.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(stream);
        using var command = await _coordinators[0].Http.PostAsync($"api/v1/runs/{run}/cancel", null);
        Assert.Equal(HttpStatusCode.OK, command.StatusCode);
        var told = await reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        Assert.Contains("event: cancelled", told);

        var made = await TemperProcess.RunIn(_environment, "key", "create", "--name", "the viewer", "--role", "viewer");
        Assert.True(made.ExitCode == 0, made.Output);
        var key = made.Output.Split('\n').Single(line => line.StartsWith("tmp_", StringComparison.Ordinal));
        foreach (var (_, admin) in _coordinators)
        {
            using var http = new HttpClient { BaseAddress = admin.BaseAddress };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var allowed = await http.GetAsync("api/v1/runs");
            using var refused = await http.PostAsync("api/v1/runs", null);
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (allowed.StatusCode, refused.StatusCode));
        }

        // Nothing that was said or asked for holds the secrets.
        Assert.All(_coordinators, coordinator => Assert.DoesNotContain(Uri.UnescapeDataString(new Uri(_database).UserInfo.Split(':')[1]), coordinator.Process.Output));
        Assert.All(_coordinators, coordinator => Assert.DoesNotContain(AdminKey, coordinator.Process.Output));
    }

    [Fact]
    public async Task Whoever_comes_back_after_the_end_of_all_is_there_within_seconds_and_goes_on()
    {
        var spec = _folder.Spec(steps: 60, workers: 1);
        string run;
        using ReservedPort silo = new(), gateway = new();
        await using (var first = Serve("--silo-port", $"{silo}", "--gateway-port", $"{gateway}"))
        {
            await using var second = Serve();
            await Listening();
            run = await Submit(1, spec);
            first.Signal("KILL");
            second.Signal("KILL");
            await first.Exit();
            await second.Exit();
        }

        await using var again = Serve("--silo-port", $"{silo}", "--gateway-port", $"{gateway}");
        await Listening();
        await using var agent = Agent("one");

        Assert.Equal("succeeded", (string)(await End(2, run))["phase"]!);
    }

    [Theory]
    [InlineData("TEMPER_DATABASE", "postgresql://u:secret@127.0.0.1:1/name", "temper: The database postgresql://u@127.0.0.1:1/name does not answer")]
    [InlineData("TEMPER_DATABASE", "nonsense-secret", "temper: TEMPER_DATABASE is not the address of a database.")]
    [InlineData("TEMPER_ADMIN_KEY", "secret", "temper: TEMPER_ADMIN_KEY is no secret that keeps")]
    public async Task What_is_wrong_with_the_environment_is_said_in_one_line(string variable, string value, string why)
    {
        _environment[variable] = value;
        await using var refused = Serve();

        Assert.Equal(1, await refused.Exit());
        Assert.StartsWith(why, Assert.Single(refused.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.DoesNotContain("secret@", refused.Output);
    }

    // Free ports are drawn by the coordinators themselves: drawn here, another one could get them first.
    private ChildProcess Serve(params string[] more)
    {
        var process = TemperProcess.Start(
            ["serve", "--url", "http://127.0.0.1:0", "--data", AppContext.BaseDirectory, "--output", _folder["runs"], "--verbose", .. more], _environment);
        var http = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        _coordinators.Add((process, http));
        return process;
    }

    private async Task Listening()
    {
        foreach (var (process, http) in _coordinators.Where(coordinator => coordinator.Http.BaseAddress is null))
        {
            http.BaseAddress = new Uri((await process.Says("coordinator at")).Split(' ')[^1]);
        }
    }

    private ChildProcess Agent(string id) =>
        TemperProcess.Start(["agent", "--id", id, .. _coordinators.SelectMany(coordinator => (string[])["--server", coordinator.Http.BaseAddress!.ToString()])], _environment);

    private List<string> Gateways(int coordinator)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/v1/agents/gateways");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _environment["TEMPER_AGENT_TOKEN"]);
        using var answer = _coordinators[coordinator].Http.Send(request);
        return [.. JsonNode.Parse(answer.EnsureSuccessStatusCode().Content.ReadAsStream())!["gateways"]!.AsArray().Select(gateway => (string)gateway!)];
    }

    private async Task<string> Submit(int coordinator, string spec)
    {
        using var answer = await _coordinators[coordinator].Http.PostAsync("api/v1/runs", new StringContent(File.ReadAllText(spec), Encoding.UTF8, "application/yaml"));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, body);
        return (string)JsonNode.Parse(body)!["id"]!;
    }

    private async Task<JsonNode> Get(int coordinator, string path) => (await _coordinators[coordinator].Http.GetFromJsonAsync<JsonNode>($"api/v1/{path}"))!;

    private async Task<HttpStatusCode> Status(int coordinator, string path)
    {
        using var answer = await _coordinators[coordinator].Http.GetAsync(path);
        return answer.StatusCode;
    }

    private Task<JsonNode> End(int coordinator, string run) =>
        Until(coordinator, run, status => (string)status["phase"]! is "succeeded" or "failed" or "cancelled", "ends");

    private async Task<JsonNode> Until(int coordinator, string run, Func<JsonNode, bool> holds, string what)
    {
        JsonNode status = new JsonObject();
        await Processes.Until(() => holds(status = Get(coordinator, $"runs/{run}").GetAwaiter().GetResult()), $"run {run} {what}");
        return status;
    }
}
