using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Temper.Cli.Observability;
using Temper.Coordinator.Hosting;
using Temper.Worker.Agents;

namespace Temper.Cli.Commands;

/// <summary><c>temper serve</c>: a coordinator.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var url = new Option<string>("--url") { Description = "Where REST listens; anything but loopback needs an API key in the state folder.", DefaultValueFactory = _ => "http://127.0.0.1:5080" };
        var state = State();
        var data = new Option<DirectoryInfo[]>("--data") { Description = "Folders that sources of specs lie under.", DefaultValueFactory = _ => [new DirectoryInfo(".")] };
        var output = new Option<DirectoryInfo>("--output") { Description = "Folder that the output of runs goes under; agents must see it at the same place.", DefaultValueFactory = _ => new DirectoryInfo("runs") };
        var cluster = new Option<string>("--cluster-address") { Description = "Address that agents connect to and that they are told.", DefaultValueFactory = _ => "127.0.0.1" };
        var silo = new Option<int>("--silo-port") { Description = "Port between coordinators; a free one if not given." };
        var gateway = new Option<int>("--gateway-port") { Description = "Port for agents; a free one if not given." };
        var metricsUrl = MetricsListener.Url();
        var verbose = new Option<bool>("--verbose") { Description = "Log what happens, not only what goes wrong." };
        var command = new Command("serve", $"Run a coordinator. Agents need the token in {AgentOptions.TokenVariable}. Once `temper key create` has made an API key, every call needs one.")
        {
            url, state, data, output, cluster, silo, gateway, metricsUrl, verbose,
        };
        command.SetAction(async (result, ct) =>
        {
            var token = Environment.GetEnvironmentVariable(AgentOptions.TokenVariable);
            if (string.IsNullOrEmpty(token))
            {
                await Console.Error.WriteLineAsync($"temper: {AgentOptions.TokenVariable} is not set. Choose a long random text and give the same to the agents.");
                return ExitCodes.Usage;
            }

            await using var app = CoordinatorHost.Build(new CoordinatorOptions
            {
                StateDirectory = result.GetRequiredValue(state).FullName,
                OutputRoot = result.GetRequiredValue(output).FullName,
                DataRoots = [.. result.GetRequiredValue(data).Select(folder => folder.FullName)],
                AgentToken = token,
                Url = result.GetRequiredValue(url),
                ClusterAddress = IPAddress.Parse(result.GetRequiredValue(cluster)),
                SiloPort = result.GetValue(silo),
                GatewayPort = result.GetValue(gateway),
                LogLevel = result.GetValue(verbose) ? LogLevel.Information : LogLevel.Warning,
            });
            await app.StartAsync(ct);
            await using var metrics = result.GetValue(metricsUrl) is { } address ? await MetricsListener.Start(address, CoordinatorHost.Metrics(app), ct) : null;
            Console.WriteLine($"coordinator at {CoordinatorHost.Endpoints(app).Api}");
            if (metrics is not null)
            {
                Console.WriteLine($"metrics at {metrics.Address}");
            }

            await app.WaitForShutdownAsync(ct);
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>The state folder.</summary>
    public static Option<DirectoryInfo> State() => new("--state") { Description = "Folder of the coordinator's databases.", DefaultValueFactory = _ => new DirectoryInfo("temper-state") };
}
