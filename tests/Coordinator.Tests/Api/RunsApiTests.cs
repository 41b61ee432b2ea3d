using System.Net;
using System.Text;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Tests.Support;
using Temper.Planning;
using Temper.Planning.Reading;
using Temper.Planning.Runs;

namespace Temper.Coordinator.Tests.Api;

/// <summary>One coordinator without API keys, shared by tests that each use runs of their own.</summary>
public sealed class SharedCoordinator : IAsyncLifetime
{
    internal CoordinatorUnderTest Coordinator { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Coordinator = await CoordinatorUnderTest.StartedAsync();

    public ValueTask DisposeAsync() => Coordinator.DisposeAsync();
}

[Trait("kind", "integration")]
public class RunsApiTests(SharedCoordinator shared) : IClassFixture<SharedCoordinator>
{
    private readonly CoordinatorUnderTest _coordinator = shared.Coordinator;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_submission_is_answered_with_its_place_and_its_state()
    {
        var response = await _coordinator.PostAsync("/api/v1/runs", CoordinatorUnderTest.Yaml("placed"));
        var run = ProtocolJson.Read<RunStatus>(await response.Content.ReadAsStringAsync(Ct));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal($"/api/v1/runs/{run.Id}", response.Headers.Location!.OriginalString);
        Assert.Equal((RunPhase.Queued, "placed", 100), (run.Phase, run.Name, run.Steps));
        Assert.Equal("Waits for an agent: it needs 1 slot, and no agent is connected.", run.Reason);
        Assert.Equal(Path.Combine(_coordinator.Output, $"placed-{run.Id}"), run.OutputDirectory);
    }

    [Fact]
    public async Task The_spec_comes_back_as_one_that_can_be_submitted_again()
    {
        var run = await _coordinator.SubmitAsync("again");
        var json = await _coordinator.Http.GetStringAsync($"/api/v1/runs/{run.Id}/spec", Ct);

        Assert.Empty(SpecReader.Read(json).Errors);
        var request = new StringContent(json, Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.Created, (await _coordinator.Http.PostAsync("/api/v1/runs", request, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_wrong_spec_is_refused_with_every_mistake_and_the_same_words_as_elsewhere()
    {
        const string Wrong = """
            name: "no spaces please"
            worker: 2
            workers: 0
            tasks:
              mood: { train: { files: [missing.tsv] }, inputs: "{text}", targets: "{label}", metrics: [accuracy] }
            training: { steps: 10, batch: 3, learning: 1 }
            """;
        var response = await _coordinator.PostAsync("/api/v1/runs", Wrong);
        var problem = await ProblemAsync(response, HttpStatusCode.UnprocessableEntity, "spec_invalid");
        var errors = problem.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("path").GetString()}: {error.GetProperty("message").GetString()}").ToList();

        Assert.Equal(new RunPlanner(new PlanningContext([_coordinator.Data])).ReadAndPlan(Wrong).Errors.Select(error => error.ToString()), errors);
        Assert.Contains(errors, error => error.StartsWith("name: ", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.StartsWith("worker: ", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.StartsWith("workers: ", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.StartsWith("training.learning: ", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("missing.tsv", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_spec_can_be_checked_without_starting_anything()
    {
        var before = await CountAsync();
        var good = await _coordinator.PostAsync("/api/v1/runs:validate", CoordinatorUnderTest.Yaml("checked"));
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.True(JsonDocument.Parse(await good.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("parameters").GetInt64() > 0);
        await ProblemAsync(await _coordinator.PostAsync("/api/v1/runs:validate", "name: x"), HttpStatusCode.UnprocessableEntity, "spec_invalid");
        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task The_same_key_and_request_give_the_same_run()
    {
        var first = await _coordinator.PostAsync("/api/v1/runs", CoordinatorUnderTest.Yaml("once"), ("Idempotency-Key", "k1"));
        var again = await _coordinator.PostAsync("/api/v1/runs", CoordinatorUnderTest.Yaml("once"), ("Idempotency-Key", "k1"));
        Assert.Equal(first.Headers.Location, again.Headers.Location);

        await ProblemAsync(await _coordinator.PostAsync("/api/v1/runs", CoordinatorUnderTest.Yaml("other"), ("Idempotency-Key", "k1")), HttpStatusCode.Conflict, "idempotency_key_taken");
        await ProblemAsync(await _coordinator.PostAsync("/api/v1/runs", CoordinatorUnderTest.Yaml("other"), ("Idempotency-Key", new string('k', 300))), HttpStatusCode.BadRequest, "idempotency_key_long");
    }

    [Fact]
    public async Task A_request_that_is_sent_again_gets_its_run_even_if_its_files_are_gone()
    {
        var file = Path.Combine(_coordinator.Data, "brief.tsv");
        File.Copy(Path.Combine(_coordinator.Data, "train.tsv"), file);
        var yaml = CoordinatorUnderTest.Yaml("brief").Replace("[train.tsv]", "[brief.tsv]", StringComparison.Ordinal);
        var first = await _coordinator.PostAsync("/api/v1/runs", yaml, ("Idempotency-Key", "k2"));
        File.Delete(file);
        var again = await _coordinator.PostAsync("/api/v1/runs", yaml, ("Idempotency-Key", "k2"));

        Assert.Equal((HttpStatusCode.Created, first.Headers.Location), (again.StatusCode, again.Headers.Location));
    }

    [Fact]
    public async Task Two_living_runs_do_not_write_to_one_folder()
    {
        var first = await _coordinator.SubmitAsync("first", query: "?output=shared");
        Assert.Equal(Path.Combine(_coordinator.Output, "shared"), first.OutputDirectory);
        await ProblemAsync(await _coordinator.PostAsync("/api/v1/runs?output=shared", CoordinatorUnderTest.Yaml("second")), HttpStatusCode.Conflict, "output_taken");

        await _coordinator.PostAsync($"/api/v1/runs/{first.Id}/cancel");
        await _coordinator.SubmitAsync("second", query: "?output=shared");
    }

    [Theory]
    [InlineData("checkpoints")]
    [InlineData("losses.jsonl")]
    public async Task A_folder_that_an_earlier_run_wrote_to_is_refused(string left)
    {
        var name = $"full-{left}";
        var folder = Directory.CreateDirectory(Path.Combine(_coordinator.Output, name)).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "state"));
        var first = await _coordinator.PostAsync($"/api/v1/runs?output={name}", CoordinatorUnderTest.Yaml("full"), ("Idempotency-Key", name));
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Directory.CreateDirectory(Path.Combine(folder, left));
        await ProblemAsync(await _coordinator.PostAsync($"/api/v1/runs?output={name}", CoordinatorUnderTest.Yaml("full")), HttpStatusCode.Conflict, "output_taken");
        var again = await _coordinator.PostAsync($"/api/v1/runs?output={name}", CoordinatorUnderTest.Yaml("full"), ("Idempotency-Key", name));
        Assert.Equal(first.Headers.Location, again.Headers.Location);

        await _coordinator.PostAsync($"{first.Headers.Location}/cancel");
        var problem = await ProblemAsync(await _coordinator.PostAsync($"/api/v1/runs?output={name}", CoordinatorUnderTest.Yaml("full")), HttpStatusCode.Conflict, "output_not_empty");
        Assert.Contains(folder, problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("?output=../elsewhere")]
    [InlineData("?output=/etc")]
    [InlineData("?output=link/inside")]
    [InlineData("?data=../../etc")]
    [InlineData("?data=/")]
    [InlineData("?data=nowhere")]
    public async Task Folders_outside_those_of_the_server_are_refused(string query)
    {
        var link = Path.Combine(_coordinator.Output, "link");
        if (!Path.Exists(link))
        {
            Directory.CreateSymbolicLink(link, _coordinator.Root);
        }

        var problem = await ProblemAsync(await _coordinator.PostAsync($"/api/v1/runs{query}", CoordinatorUnderTest.Yaml("outside")), HttpStatusCode.UnprocessableEntity, "spec_invalid");
        Assert.Contains("of this server", problem.GetProperty("errors")[0].GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_folder_below_the_data_root_is_looked_into_first()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_coordinator.Data, "mine"));
        File.WriteAllText(Path.Combine(folder.FullName, "train.tsv"), "text\tlabel\nyes\tyes\nno\tno\n");
        var run = await _coordinator.SubmitAsync("mine", query: "?data=mine");

        Assert.Equal(RunPhase.Queued, run.Phase);
    }

    [Theory]
    [InlineData("application/yaml")]
    [InlineData("application/x-yaml")]
    [InlineData("text/yaml")]
    [InlineData("TEXT/X-YAML; charset=utf-8")]
    public async Task Yaml_is_read_under_each_of_its_names(string type)
    {
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes(CoordinatorUnderTest.Yaml()));
        body.Headers.TryAddWithoutValidation("Content-Type", type);

        Assert.Equal(HttpStatusCode.OK, (await _coordinator.Http.PostAsync("/api/v1/runs:validate", body, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_refusal_is_a_problem_document_whatever_the_caller_accepts()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/nothing");
        request.Headers.Accept.ParseAdd("text/html");

        await ProblemAsync(await _coordinator.Http.SendAsync(request, Ct), HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task Unreadable_requests_are_refused_each_with_its_cause()
    {
        var text = new StringContent(CoordinatorUnderTest.Yaml(), Encoding.UTF8, "text/plain");
        await ProblemAsync(await _coordinator.Http.PostAsync("/api/v1/runs", text, Ct), HttpStatusCode.UnsupportedMediaType, "media_type");
        var latin = new ByteArrayContent([0x6e, 0xe9]) { Headers = { ContentType = new("application/yaml") } };
        await ProblemAsync(await _coordinator.Http.PostAsync("/api/v1/runs", latin, Ct), HttpStatusCode.BadRequest, "not_utf8");
        // Asked whether it may send, the client hears the refusal instead of a connection that closes while it sends.
        var large = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs") { Content = new StringContent(new string('#', (1 << 20) + 1), Encoding.UTF8, "application/yaml") };
        large.Headers.ExpectContinue = true;
        await ProblemAsync(await _coordinator.Http.SendAsync(large, Ct), HttpStatusCode.RequestEntityTooLarge, "too_large");
        await ProblemAsync(await _coordinator.Http.GetAsync("/api/v1/runs?limit=many", Ct), HttpStatusCode.BadRequest, "bad_request");
        await ProblemAsync(await _coordinator.Http.GetAsync("/api/v1/runs?phase=dancing", Ct), HttpStatusCode.BadRequest, "phase_unknown");
        await ProblemAsync(await _coordinator.Http.GetAsync("/api/v1/runs?cursor=-1", Ct), HttpStatusCode.BadRequest, "cursor_unknown");
        await ProblemAsync(await _coordinator.Http.GetAsync("/api/v1/nothing", Ct), HttpStatusCode.NotFound, "not_found");
        await ProblemAsync(await _coordinator.Http.DeleteAsync("/api/v1/runs", Ct), HttpStatusCode.MethodNotAllowed, "method_not_allowed");
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/spec")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/events")]
    [InlineData("POST", "/cancel")]
    public async Task A_run_that_is_none_is_not_found(string method, string path)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v1/runs/nosuchrun{path}");

        await ProblemAsync(await _coordinator.Http.SendAsync(request, Ct), HttpStatusCode.NotFound, "run_not_found");
    }

    [Fact]
    public async Task Runs_are_listed_from_the_newest_on_by_pages_and_by_phase()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, (await coordinator.SubmitAsync($"run{i}")).Id);
        }

        await coordinator.PostAsync($"/api/v1/runs/{ids[2]}/cancel");
        var page = await coordinator.GetAsync<Coordinator.Api.RunList>("/api/v1/runs?limit=2");
        Assert.Equal(ids[..2], page.Items.Select(run => run.Id));
        page = await coordinator.GetAsync<Coordinator.Api.RunList>($"/api/v1/runs?limit=2&cursor={page.Next}");
        Assert.Equal(ids[2..4], page.Items.Select(run => run.Id));
        page = await coordinator.GetAsync<Coordinator.Api.RunList>($"/api/v1/runs?limit=2&cursor={page.Next}");
        Assert.Equal((ids[4], null), (Assert.Single(page.Items).Id, page.Next));
        Assert.Equal([ids[2]], (await coordinator.GetAsync<Coordinator.Api.RunList>("/api/v1/runs?phase=cancelled")).Items.Select(run => run.Id));
    }

    [Fact]
    public async Task An_ended_run_cannot_be_commanded_but_cancelled_again()
    {
        var run = await _coordinator.SubmitAsync("ended");
        Assert.Equal(HttpStatusCode.OK, (await _coordinator.PostAsync($"/api/v1/runs/{run.Id}/pause")).StatusCode);
        Assert.Equal(RunPhase.Paused, (await _coordinator.StatusAsync(run.Id)).Phase);
        Assert.Equal(HttpStatusCode.OK, (await _coordinator.PostAsync($"/api/v1/runs/{run.Id}/cancel")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _coordinator.PostAsync($"/api/v1/runs/{run.Id}/cancel")).StatusCode);

        await ProblemAsync(await _coordinator.PostAsync($"/api/v1/runs/{run.Id}/resume"), HttpStatusCode.Conflict, "phase_conflict");
    }

    [Fact]
    public async Task Events_are_replayed_after_the_last_one_seen_then_come_live_and_end_with_the_run()
    {
        var run = await _coordinator.SubmitAsync("watched");
        var list = (await EventsAsync(run.Id)).GetProperty("items");
        Assert.Equal("submitted", list[0].GetProperty("kind").GetString());
        await _coordinator.PostAsync($"/api/v1/runs/{run.Id}/pause");

        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run.Id}/events");
        request.Headers.Add("Last-Event-ID", list[0].GetProperty("id").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var response = await _coordinator.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Ct));
        Assert.Equal("paused", await NextKindAsync(reader));
        await _coordinator.PostAsync($"/api/v1/runs/{run.Id}/resume");
        Assert.Equal("resumed", await NextKindAsync(reader));
        await _coordinator.PostAsync($"/api/v1/runs/{run.Id}/cancel");
        Assert.Equal("cancelled", await NextKindAsync(reader));
        Assert.Null(await NextKindAsync(reader));

        var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run.Id}/events");
        again.Headers.Add("Last-Event-ID", "999999");
        Assert.Equal(HttpStatusCode.NoContent, (await _coordinator.Http.SendAsync(again, Ct)).StatusCode);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task A_started_coordinator_is_healthy(string path) =>
        Assert.Equal(HttpStatusCode.OK, (await _coordinator.Http.GetAsync(path, Ct)).StatusCode);

    private async Task<int> CountAsync() => (await _coordinator.GetAsync<Coordinator.Api.RunList>("/api/v1/runs?limit=500")).Items.Count;

    private async Task<JsonElement> EventsAsync(string id)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{id}/events");
        request.Headers.Accept.ParseAdd("application/json");
        return JsonDocument.Parse(await (await _coordinator.Http.SendAsync(request, Ct)).Content.ReadAsStringAsync(Ct)).RootElement;
    }

    private static async Task<string?> NextKindAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync(Ct) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                return line[7..];
            }
        }

        return null;
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, HttpStatusCode status, string cause)
    {
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(cause, problem.GetProperty("cause").GetString());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
        return problem;
    }
}
