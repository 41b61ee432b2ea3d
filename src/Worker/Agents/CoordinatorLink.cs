using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Temper.Contracts.Agents;

namespace Temper.Worker.Agents;

/// <summary>
/// The agent's way to its coordinator: an Orleans client whose gateways are learnt over REST, so that a host with GPUs needs neither
/// the database's password nor a fixed port. After a failed call everything is learnt anew, since a restarted coordinator has other ports.
/// </summary>
internal sealed class CoordinatorLink(AgentOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http = new() { BaseAddress = options.Coordinator, Timeout = CallLimit };
    private IHost? _client;

    /// <summary>Sends a heartbeat.</summary>
    /// <returns>The orders.</returns>
    /// <exception cref="Exception">The coordinator does not answer; the next call tries anew.</exception>
    public async Task<AgentOrders> Heartbeat(AgentHeartbeat heartbeat, CancellationToken ct)
    {
        try
        {
            _client ??= await Connect(ct);
            RequestContext.Set(IAgentGrain.TokenKey, options.Token);
            return await _client.Services.GetRequiredService<IGrainFactory>().GetGrain<IAgentGrain>(options.AgentId).Heartbeat(heartbeat).WaitAsync(CallLimit, ct);
        }
        catch
        {
            await Disconnect();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Disconnect();
        _http.Dispose();
    }

    private async Task<IHost> Connect(CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/v1/agents/gateways");
        request.Headers.Authorization = new("Bearer", options.Token);
        using var response = await _http.SendAsync(request, ct);
        response.EnsureSuccessStatusCode();
        var cluster = await response.Content.ReadFromJsonAsync<GatewayList>(ProtocolJson.Options, ct)
            ?? throw new InvalidOperationException("The coordinator named no gateways.");

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleansClient(client => client
            .UseStaticClustering([.. cluster.Gateways.Select(IPEndPoint.Parse)])
            .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (cluster.ClusterId, cluster.ServiceId))
            .Configure<ClientMessagingOptions>(o => o.ResponseTimeout = CallLimit));
        // The client is a part of the agent: signals are the agent's to hear.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var host = builder.Build();
        try
        {
            await host.StartAsync(ct).WaitAsync(CallLimit, ct);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private async Task Disconnect()
    {
        if (Interlocked.Exchange(ref _client, null) is not { } client)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(CallLimit);
            await client.StopAsync(limit.Token).WaitAsync(CallLimit, CancellationToken.None);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or OrleansException)
        {
            // A client whose coordinator is gone has nothing to say goodbye to.
        }

        client.Dispose();
    }
}
