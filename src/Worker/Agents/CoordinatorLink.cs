using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Messaging;
using Temper.Contracts.Agents;

namespace Temper.Worker.Agents;

/// <summary>
/// The agent's way to its coordinator: an Orleans client whose gateways are learnt over REST, so that a host with GPUs needs neither
/// the database's password nor a fixed port. With several gateways it goes over to another one by itself. After a failed call to the only one, or when it gets
/// no further, everything is learnt anew, since a restarted coordinator has other ports.
/// </summary>
internal sealed class CoordinatorLink(AgentOptions options) : IAsyncDisposable
{
    /// <summary>How long a call may take.</summary>
    public static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(5);

    // A coordinator that dies takes grains along, which answer again when the others have declared it dead: that is no reason to connect anew each second.
    private const int MaxFailures = 5;

    private readonly CoordinatorDirectory _directory = new(options);
    private IHost? _client;
    private int _failures;

    /// <summary>Sends a heartbeat.</summary>
    /// <returns>The orders.</returns>
    /// <exception cref="Exception">The coordinator does not answer; the next call tries anew.</exception>
    public async Task<AgentOrders> Heartbeat(AgentHeartbeat heartbeat, CancellationToken ct)
    {
        try
        {
            _client ??= await Connect(ct);
            RequestContext.Set(IAgentGrain.TokenKey, options.Token);
            var orders = await _client.Services.GetRequiredService<IGrainFactory>().GetGrain<IAgentGrain>(options.AgentId).Heartbeat(heartbeat).WaitAsync(CallLimit, ct);
            _failures = 0;
            return orders;
        }
        catch
        {
            if (++_failures % MaxFailures == 0 || _directory.Count < 2)
            {
                await Disconnect();
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Disconnect();
        _directory.Dispose();
    }

    private async Task<IHost> Connect(CancellationToken ct)
    {
        var cluster = await _directory.AskAsync(ct);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (cluster.ClusterId, cluster.ServiceId))
            .Configure<ClientMessagingOptions>(o => o.ResponseTimeout = CallLimit));
        builder.Services.AddSingleton<IGatewayListProvider>(_directory);
        builder.Services.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = CallLimit);
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
