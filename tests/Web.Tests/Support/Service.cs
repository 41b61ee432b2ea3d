using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Store;
using Temper.TestKit;

namespace Temper.Web.Tests.Support;

/// <summary>A real coordinator in this process on a port of loopback, its state in a temporary folder; with a real agent beside it if asked for.</summary>
public sealed class Service : IAsyncDisposable
{
    private const string Token = "token-of-the-tests-of-the-page";
    private readonly string _root = Directory.CreateTempSubdirectory("temper-web-").FullName;
    private readonly ReservedPort _port = new();
    private WebApplication? _coordinator;
    private Process? _agent;

    /// <summary>Where it is; the same after it was stopped and started.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port}");

    public HttpClient Http { get; private set; } = new();

    public IServiceProvider Services => _coordinator!.Services;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string State => Path.Combine(_root, "state");

    public static async Task<Service> StartedAsync()
    {
        var service = new Service();
        await service.StartAsync();
        return service;
    }

    public async Task StartAsync()
    {
        Directory.CreateDirectory(Path.Combine(_root, "data"));
        _coordinator = CoordinatorHost.Build(new CoordinatorOptions
        {
            StateDirectory = State,
            OutputRoot = Path.Combine(_root, "runs"),
            DataRoots = [Path.Combine(_root, "data")],
            AgentToken = Token,
            Url = Address.ToString().TrimEnd('/'),
            ClusterId = Path.GetFileName(_root),
            LogLevel = LogLevel.None,
        });
        await _coordinator.StartAsync(Ct);
        Http.Dispose();
        Http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
    }

    public async Task StopAsync()
    {
        await _coordinator!.StopAsync(CancellationToken.None);
        await _coordinator.DisposeAsync();
        _coordinator = null;
    }

    /// <summary>Starts the real agent with one slot.</summary>
    public void StartAgent()
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "temper")) { RedirectStandardInput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "agent", "--server", Address.ToString(), "--id", "one", "--slots", "1" })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["TEMPER_AGENT_TOKEN"] = Token;
        _agent = Process.Start(start)!;
        _agent.BeginErrorReadLine();
    }

    /// <summary>Makes an API key, as <c>temper key</c> does.</summary>
    public async Task<(string Id, string Secret)> KeyAsync(Role role)
    {
        var (key, secret) = await Services.GetRequiredService<KeyStore>().CreateAsync($"the {KeyStore.NameOf(role)}", role, DateTimeOffset.UtcNow);
        return (key.Id, secret);
    }

    public async Task RevokeAsync(string id) => Assert.NotNull(await Services.GetRequiredService<KeyStore>().RevokeAsync(id, DateTimeOffset.UtcNow));

    public async Task<RunStatus> SubmitAsync(string yaml) => await PostAsync<RunStatus>("/api/v1/runs", yaml);

    public async Task<ExperimentStatus> SubmitExperimentAsync(string yaml) => await PostAsync<ExperimentStatus>("/api/v1/experiments", yaml);

    public async Task<RunStatus> StatusAsync(string id) => (await Http.GetFromJsonAsync<RunStatus>($"/api/v1/runs/{id}", ProtocolJson.Options, Ct))!;

    /// <summary>Writes rows of a run that nobody trains, as trainers would report them.</summary>
    internal Task RecordAsync(string run, IReadOnlyList<StepRow> steps, IReadOnlyList<EvaluationRow> evaluations) =>
        Services.GetRequiredService<MetricStore>().SaveAsync(run, 1, steps, evaluations);

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            _agent.Kill(entireProcessTree: true);
            await _agent.WaitForExitAsync();
            _agent.Dispose();
        }

        if (_coordinator is not null)
        {
            await StopAsync();
        }

        Http.Dispose();
        _port.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private async Task<T> PostAsync<T>(string path, string yaml)
    {
        using var answer = await Http.PostAsync(path, new StringContent(yaml, Encoding.UTF8, "application/yaml"), Ct);
        var body = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, body);
        return ProtocolJson.Read<T>(body);
    }
}
