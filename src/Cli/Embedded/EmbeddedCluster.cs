using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Temper.Cli.Rest;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Worker.Agents;

namespace Temper.Cli.Embedded;

/// <summary>
/// Everything that one run on this machine needs: a coordinator in this process, an agent beside it. Ports are free ones and the
/// cluster's name is its own, so that two can run side by side; all state lies in the run's output folder.
/// </summary>
internal sealed class EmbeddedCluster : IAsyncDisposable
{
    private static readonly TimeSpan AgentLimit = TimeSpan.FromMinutes(1);

    private readonly WebApplication _coordinator;
    private readonly AgentProcess _agent;

    private EmbeddedCluster(WebApplication coordinator, AgentProcess agent, TemperClient client)
    {
        _coordinator = coordinator;
        _agent = agent;
        Client = client;
    }

    /// <summary>The way to the coordinator.</summary>
    public TemperClient Client { get; }

    /// <summary>Starts coordinator and agent, and waits until the agent is known.</summary>
    /// <param name="output">The run's output folder.</param>
    /// <param name="dataRoots">Folders that relative sources lie under.</param>
    /// <param name="slots">Trainers at once.</param>
    /// <param name="ct">Gives up.</param>
    public static async Task<EmbeddedCluster> Start(string output, IReadOnlyList<string> dataRoots, int slots, CancellationToken ct)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var logs = Directory.CreateDirectory(Path.Combine(output, "logs"));
        var coordinator = CoordinatorHost.Build(new CoordinatorOptions
        {
            StateDirectory = Path.Combine(output, "state"),
            OutputRoot = output,
            WritesToRoot = true,
            DataRoots = dataRoots,
            AgentToken = token,
            ClusterId = $"temper-{Guid.NewGuid():N}",
        },
        // Signals are the command's to hear: it saves a checkpoint before anything stops.
        services => services.AddSingleton<IHostLifetime, NoLifetime>());
        await coordinator.StartAsync(ct);
        var address = CoordinatorHost.Endpoints(coordinator).Api;
        var client = new TemperClient(address, null);
        var agent = new AgentProcess(AgentProcess.Command(address, token, slots), Path.Combine(logs.FullName, "agent.log"));
        var cluster = new EmbeddedCluster(coordinator, agent, client);
        try
        {
            await cluster.WaitForAgent(ct);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        Client.Dispose();
        await _coordinator.StopAsync(CancellationToken.None);
        await _coordinator.DisposeAsync();
    }

    /// <summary>Why there is no agent, by what it said: its log is deleted with the folder of what was never accepted.</summary>
    internal static TimeoutException Silence(IReadOnlyList<string> lastLines)
    {
        var silent = string.Create(CultureInfo.InvariantCulture, $"The agent did not report within {AgentLimit.TotalSeconds:0} seconds");
        return new(lastLines.Count > 0 ? $"{silent}. The last that it said: {string.Join(" | ", lastLines)}" : $"{silent}, and said nothing. This machine may be too busy: try again.");
    }

    private async Task WaitForAgent(CancellationToken ct)
    {
        var until = TimeProvider.System.GetTimestamp();
        while ((await Client.AgentsAsync(ct)).Count == 0)
        {
            if (TimeProvider.System.GetElapsedTime(until) > AgentLimit)
            {
                throw Silence(_agent.LastLines);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
        }
    }
}
