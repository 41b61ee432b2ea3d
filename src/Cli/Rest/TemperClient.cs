using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Mixture.Tasks;

namespace Temper.Cli.Rest;

/// <summary>The coordinator's REST API, <c>/api/v1</c>. Every failure is a <see cref="TemperApiException"/> whose message can be shown as it is.</summary>
internal sealed class TemperClient : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="server">Address of the coordinator, such as http://127.0.0.1:5080; a path is kept, for proxies.</param>
    /// <param name="apiKey">Key of the API; null where the coordinator listens on loopback.</param>
    /// <param name="handler">Where requests go, for tests.</param>
    public TemperClient(Uri server, string? apiKey, HttpMessageHandler? handler = null)
    {
        Server = server;
        _http = new HttpClient(handler ?? new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10) })
        {
            BaseAddress = new Uri(server.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/api/v1/"),
            // Planning reads all data, which may take a while; event streams have no end of their own.
            Timeout = TimeSpan.FromMinutes(10),
        };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (!string.IsNullOrEmpty(apiKey))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        }
    }

    /// <summary>Where requests go.</summary>
    public Uri Server { get; }

    public void Dispose() => _http.Dispose();

    /// <summary>Submits a run.</summary>
    /// <param name="spec">Text of the spec, YAML or JSON, as it is: the coordinator reads it, so that messages are the same everywhere.</param>
    /// <param name="idempotencyKey">The same key submits at most once: a request whose answer got lost can be sent again.</param>
    /// <param name="data">Folder where relative sources lie.</param>
    /// <param name="output">Folder for checkpoints, model and report.</param>
    /// <param name="ct">Ends the wait, not the run.</param>
    public Task<SubmitOutcome<RunStatus>> SubmitAsync(string spec, string idempotencyKey, string? data, string? output, CancellationToken ct) =>
        SubmitAsync<RunStatus>("runs", spec, idempotencyKey, data, output, ct);

    /// <summary>Submits an experiment, as <see cref="SubmitAsync(string, string, string?, string?, CancellationToken)"/> does a run.</summary>
    public Task<SubmitOutcome<ExperimentStatus>> SubmitExperimentAsync(string spec, string idempotencyKey, string? data, string? output, CancellationToken ct) =>
        SubmitAsync<ExperimentStatus>("experiments", spec, idempotencyKey, data, output, ct);

    /// <summary>All runs.</summary>
    public Task<IReadOnlyList<RunStatus>> ListAsync(CancellationToken ct) => AllAsync<RunStatus>("runs", ct);

    /// <summary>The runs of an experiment, in the order of its layout.</summary>
    public async Task<IReadOnlyList<RunStatus>> RunsOfAsync(string experiment, CancellationToken ct) =>
        [.. (await AllAsync<RunStatus>("runs", ct, ("experiment", experiment))).Reverse()];

    /// <summary>All experiments.</summary>
    public Task<IReadOnlyList<ExperimentStatus>> ExperimentsAsync(CancellationToken ct) => AllAsync<ExperimentStatus>("experiments", ct);

    /// <summary>One experiment.</summary>
    public Task<ExperimentStatus> ExperimentAsync(string id, CancellationToken ct) => GetAsync<ExperimentStatus>(Experiment(id), ct);

    /// <summary>Cancels, pauses, resumes or retries all runs of an experiment.</summary>
    public Task<ExperimentStatus> CommandExperimentAsync(string id, string verb, CancellationToken ct) => PostAsync<ExperimentStatus>($"{Experiment(id)}/{verb}", ct);

    /// <summary>The report of an experiment as text, made now.</summary>
    /// <param name="id">The experiment.</param>
    /// <param name="mediaType"><c>application/json</c> or <c>text/html</c>.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<string> ExperimentReportAsync(string id, string mediaType, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Experiment(id) + "/report");
        request.Headers.Accept.Clear();
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(mediaType));
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, ct);
        return await response.Content.ReadAsStringAsync(ct);
    }

    /// <summary>One run.</summary>
    public Task<RunStatus> ShowAsync(string id, CancellationToken ct) => GetAsync<RunStatus>(Run(id), ct);

    /// <summary>Ends a run without a checkpoint.</summary>
    public Task<RunStatus> CancelAsync(string id, CancellationToken ct) => CommandAsync(id, "cancel", ct);

    /// <summary>Saves a checkpoint and frees the workers.</summary>
    public Task<RunStatus> PauseAsync(string id, CancellationToken ct) => CommandAsync(id, "pause", ct);

    /// <summary>Lets a paused run go on.</summary>
    public Task<RunStatus> ResumeAsync(string id, CancellationToken ct) => CommandAsync(id, "resume", ct);

    /// <summary>Starts a failed run again from its checkpoint.</summary>
    public Task<RunStatus> RetryAsync(string id, CancellationToken ct) => CommandAsync(id, "retry", ct);

    /// <summary>Rows of a run.</summary>
    /// <param name="id">The run.</param>
    /// <param name="from">First step; null for the first there is.</param>
    /// <param name="to">Last step; null for the last there is.</param>
    /// <param name="max">Most rows to return; the coordinator thins them evenly.</param>
    /// <param name="ct">Ends the wait.</param>
    public Task<RunMetrics> MetricsAsync(string id, int? from, int? to, int? max, CancellationToken ct) =>
        GetAsync<RunMetrics>(Run(id) + "/metrics" + Query(("from", Text(from)), ("to", Text(to)), ("points", Text(max))), ct);

    /// <summary>Task → share of the examples that it is to get.</summary>
    public async Task<IReadOnlyDictionary<string, double>> RatesAsync(string id, CancellationToken ct) =>
        (await GetAsync<RunPlan>(Run(id) + "/plan", ct)).Tasks.ToDictionary(task => task.Name, task => task.Rate);

    /// <summary>What happened to a run, oldest first.</summary>
    public async Task<IReadOnlyList<Happening>> HappeningsAsync(string id, CancellationToken ct)
    {
        var all = new List<Happening>();
        while (true)
        {
            var page = await GetAsync<Page<Happening>>(Run(id) + "/events" + Query(("after", all.LastOrDefault()?.Id.ToString(CultureInfo.InvariantCulture))), ct);
            if (page.Items.Count == 0)
            {
                return all;
            }

            all.AddRange(page.Items);
        }
    }

    /// <summary>The agents that were heard lately.</summary>
    public async Task<IReadOnlyList<AgentStatus>> AgentsAsync(CancellationToken ct) => (await GetAsync<Page<AgentStatus>>("agents", ct)).Items;

    internal async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken ct)
    {
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, completion, ct);
            if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.UnprocessableEntity)
            {
                return response;
            }

            throw await RefusedAsync(response, ct);
        }
        catch (HttpRequestException e)
        {
            throw new TemperApiException(Unreachable(e), inner: e);
        }
        catch (TaskCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new TemperApiException($"The coordinator at {Server} did not answer in time.", inner: e);
        }
        catch (TemperApiException)
        {
            response?.Dispose();
            throw;
        }
    }

    private async Task<TemperApiException> RefusedAsync(HttpResponseMessage response, CancellationToken ct)
    {
        var text = (await Problem.ReadAsync(response, ct)).Describe(response);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            text += _http.DefaultRequestHeaders.Authorization is null
                ? " This coordinator wants an API key: give --api-key, or set TEMPER_API_KEY."
                : " The API key that was given is not one of its keys.";
        }

        return new TemperApiException(text, (int)response.StatusCode);
    }

    private string Unreachable(HttpRequestException e) => e.HttpRequestError switch
    {
        HttpRequestError.ConnectionError => $"No coordinator answers at {Server}; start one with `temper serve`, or give --server.",
        HttpRequestError.NameResolutionError => $"There is no host {Server.Host}; give another --server.",
        HttpRequestError.SecureConnectionError => $"No secure connection to {Server}: {e.InnerException?.Message ?? e.Message}",
        _ => $"The connection to the coordinator at {Server} failed: {e.Message}",
    };

    private async Task<T> GetAsync<T>(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, ct);
        return await ReadAsync<T>(response, ct);
    }

    private async Task<SubmitOutcome<T>> SubmitAsync<T>(string path, string spec, string idempotencyKey, string? data, string? output, CancellationToken ct)
    {
        var isJson = spec.TrimStart().StartsWith('{');
        using var request = new HttpRequestMessage(HttpMethod.Post, path + Query(("data", data), ("output", output)))
        {
            Content = new StringContent(spec, Encoding.UTF8, isJson ? "application/json" : "application/yaml"),
            Headers = { { "Idempotency-Key", idempotencyKey } },
        };
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, ct);
        if (response.StatusCode == HttpStatusCode.UnprocessableEntity)
        {
            var problem = await Problem.ReadAsync(response, ct);
            return new SubmitOutcome<T>.Rejected(problem.Errors is { Count: > 0 } errors ? errors : [new SpecError("$", problem.Describe(response))]);
        }

        return new SubmitOutcome<T>.Accepted(await ReadAsync<T>(response, ct));
    }

    // Page by page, the newest first.
    private async Task<IReadOnlyList<T>> AllAsync<T>(string path, CancellationToken ct, params (string Key, string? Value)[] filters)
    {
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var page = await GetAsync<Page<T>>(path + Query([.. filters, ("limit", "500"), ("cursor", cursor)]), ct);
            all.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);
        return all;
    }

    private Task<RunStatus> CommandAsync(string id, string command, CancellationToken ct) => PostAsync<RunStatus>($"{Run(id)}/{command}", ct);

    private async Task<T> PostAsync<T>(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, ct);
        return await ReadAsync<T>(response, ct);
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken ct)
    {
        try
        {
            if (response.IsSuccessStatusCode && await response.Content.ReadFromJsonAsync<T>(ProtocolJson.Options, ct) is { } value)
            {
                return value;
            }
        }
        catch (JsonException e)
        {
            throw new TemperApiException($"What answers at {Server} does not speak Temper's API: {e.Message}", (int)response.StatusCode, e);
        }

        throw await RefusedAsync(response, ct);
    }

    private static string Experiment(string id) => "experiments/" + Uri.EscapeDataString(id);

    private static string Run(string id) => "runs/" + Uri.EscapeDataString(id);

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Query(params (string Key, string? Value)[] pairs)
    {
        var given = pairs.Where(pair => pair.Value is not null).Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value!)}").ToList();
        return given.Count == 0 ? "" : "?" + string.Join('&', given);
    }
}
