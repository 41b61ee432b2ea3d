using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Reconciliation;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.Planning.Models;

namespace Temper.Coordinator.Tests.Support;

/// <summary>
/// A real coordinator on free loopback ports, its state in a temporary folder. The test owns the clock and calls the reconciler itself, so
/// nothing happens that it did not ask for.
/// </summary>
internal sealed class CoordinatorUnderTest : IAsyncDisposable
{
    public const string Token = "agent-token-of-the-tests";
    private WebApplication? _app;

    public CoordinatorUnderTest()
    {
        StateDirectory = Path.Combine(Root, "state");
        Directory.CreateDirectory(StateDirectory);
        Directory.CreateDirectory(Output);
        Directory.CreateDirectory(Data);
        File.WriteAllText(Path.Combine(Data, "train.tsv"), "text\tlabel\nyes please\tyes\nno thanks\tno\nyes indeed\tyes\nno way\tno\n");
        File.WriteAllText(Path.Combine(Data, "dev.tsv"), "text\tlabel\nyes sir\tyes\nno sir\tno\n");
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("temper-coordinator-").FullName;

    public string StateDirectory { get; set; }

    /// <summary>A PostgreSQL database in the folder's place.</summary>
    public PostgresUrl? Database { get; init; }

    /// <summary>Whether it may take its time to stop, as the program may not, so that nothing is cut short on a slow machine.</summary>
    public bool StopsSlowly { get; init; } = true;

    public string Output => Path.Combine(Root, "output");

    public string Data => Path.Combine(Root, "data");

    public SetTime Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public string Url { get; set; } = "http://127.0.0.1:0";

    public FakeReporter Reporter { get; } = new();

    /// <summary>What happens, given the output folder, before the model of a run takes its place.</summary>
    public Action<string> Publishing { get; set; } = _ => { };

    public HttpClient Http { get; private set; } = new();

    public CoordinatorEndpoints Endpoints => CoordinatorHost.Endpoints(App);

    public IServiceProvider Services => App.Services;

    public Reconciler Reconciler => Services.GetRequiredService<Reconciler>();

    private WebApplication App => _app ?? throw new InvalidOperationException("The coordinator is not started.");

    public static async Task<CoordinatorUnderTest> StartedAsync()
    {
        var coordinator = new CoordinatorUnderTest();
        await coordinator.StartAsync();
        return coordinator;
    }

    public async Task StartAsync()
    {
        _app = CoordinatorHost.Build(
            new CoordinatorOptions
            {
                StateDirectory = StateDirectory,
                Database = Database,
                OutputRoot = Output,
                DataRoots = [Data],
                AgentToken = Token,
                Time = Time,
                Url = Url,
                RunsLoops = false,
                LogLevel = LogLevel.None,
            },
            services =>
            {
                services.AddSingleton<IRunReporter>(Reporter);
                services.AddSingleton(new ModelPublisher((output, draft) =>
                {
                    Publishing(output);
                    ModelDraft.Publish(output, draft);
                }));
                if (StopsSlowly)
                {
                    services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(1));
                }
            });
        await _app.StartAsync(TestContext.Current.CancellationToken);
        Http.Dispose();
        Http = new HttpClient { BaseAddress = Endpoints.Api };
    }

    public async Task StopAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Makes an API key beside the coordinator, as <c>temper key</c> does.</summary>
    public async Task<(string Id, string Secret)> KeyAsync(Role role)
    {
        using var keys = new KeyStore(StateDirectory);
        var (key, secret) = await keys.CreateAsync($"the {KeyStore.NameOf(role)}", role, Time.GetUtcNow());
        return (key.Id, secret);
    }

    /// <summary>Revokes an API key beside the coordinator, as <c>temper key</c> does.</summary>
    public async Task RevokeAsync(string id)
    {
        using var keys = new KeyStore(StateDirectory);
        Assert.NotNull(await keys.RevokeAsync(id, Time.GetUtcNow()));
    }

    public FakeAgent Agent(string id, int slots = 1, bool hasBf16 = false) => new(this, id, slots, hasBf16);

    public Task ReconcileAsync() => Reconciler.ReconcileAsync(TestContext.Current.CancellationToken);

    /// <summary>Lets time pass as it does outside: tick by tick, with the heartbeats of <paramref name="beating"/> and of nobody else.</summary>
    public async Task PassAsync(int seconds, params FakeAgent[] beating)
    {
        for (var i = 0; i < seconds; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            foreach (var agent in beating)
            {
                await agent.BeatAsync();
            }

            await Reconciler.TickAsync();
        }
    }

    /// <summary>Submits a run; fails unless it is accepted.</summary>
    public async Task<RunStatus> SubmitAsync(string name = "demo", int workers = 1, string query = "", int attempts = 3)
    {
        var response = await PostAsync($"/api/v1/runs{query}", Yaml(name, workers, attempts));
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return ProtocolJson.Read<RunStatus>(text);
    }

    /// <summary>Submits an experiment; fails unless it is accepted.</summary>
    public async Task<ExperimentStatus> SubmitExperimentAsync(string name = "study", string? kind = null)
    {
        var response = await PostAsync("/api/v1/experiments", Experiment(name, kind));
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return ProtocolJson.Read<ExperimentStatus>(text);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string? yaml = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (yaml is not null)
        {
            request.Content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<T> GetAsync<T>(string path) =>
        (await Http.GetFromJsonAsync<T>(path, ProtocolJson.Options, TestContext.Current.CancellationToken))!;

    public Task<JsonElement> GetAsync(string path) => GetAsync<JsonElement>(path);

    public Task<RunStatus> StatusAsync(string id) => GetAsync<RunStatus>($"/api/v1/runs/{id}");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Http.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    /// <summary>An experiment on the run of <see cref="Yaml"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="kind">The question; by default an ensemble of two members from one parent.</param>
    public static string Experiment(string name = "study", string? kind = null)
    {
        var run = string.Join('\n', Yaml().Split('\n').Skip(1).Select(line => $"  {line}"));
        return $"name: {name}\nbase:\n{run}\n{kind ?? "ensemble: {members: 2, parent: {training: {steps: 20}}}"}\n";
    }

    public static string Yaml(string name = "demo", int workers = 1, int attempts = 3) =>
        $$"""
        name: {{name}}
        workers: {{workers}}
        tasks:
          mood:
            train: { files: [train.tsv] }
            validation: { files: [dev.tsv] }
            inputs: "mood: {text}"
            targets: "{label}"
            labels: ["no", "yes"]
            metrics: [accuracy]
        training:
          steps: 100
          batch: 4
        recovery:
          attempts: {{attempts}}
        """;
}

/// <summary>A clock that can be set, as administrators do: unlike the passing of time, that moves no timer and no timestamp.</summary>
internal sealed class SetTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private readonly ConcurrentDictionary<TimeSpan, TaskCompletionSource> _awaited = [];

    public TimeSpan Shift { get; set; }

    /// <summary>Done when somebody has begun to wait for so long, from now on.</summary>
    public Task WaitedFor(TimeSpan time) => (_awaited[time] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (_awaited.TryGetValue(dueTime, out var awaited))
        {
            awaited.TrySetResult();
        }

        return timer;
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}

/// <summary>Writes no report, but says for which runs it was asked.</summary>
internal sealed class FakeReporter : IRunReporter
{
    private readonly ConcurrentQueue<string> _written = [];

    public IReadOnlyList<string> Written => [.. _written];

    public string? Error { get; set; }

    /// <summary>What happens, given the run, while its report is written.</summary>
    public Action<string> Writing { get; set; } = _ => { };

    public Task WriteAsync(string runId, CancellationToken ct)
    {
        _written.Enqueue(runId);
        Writing(runId);
        return Error is null ? Task.CompletedTask : throw new IOException(Error);
    }
}
