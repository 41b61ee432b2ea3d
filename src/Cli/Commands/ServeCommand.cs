using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Temper.Cli.Files;
using Temper.Cli.Observability;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Store;
using Temper.Worker.Agents;

namespace Temper.Cli.Commands;

/// <summary><c>temper serve</c>: a coordinator.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var url = new Option<string>("--url") { Description = "Where REST listens; anything but loopback needs an API key.", DefaultValueFactory = _ => "http://127.0.0.1:5080" };
        var state = State();
        var data = new Option<DirectoryInfo[]>("--data") { Description = "Folders that sources of specs lie under.", DefaultValueFactory = _ => [new DirectoryInfo(".")] };
        var output = OutputFolderOption.Create("Folder that the output of runs goes under; agents must see it at the same place.");
        output.DefaultValueFactory = _ => new DirectoryInfo("runs");
        var cluster = new Option<IPAddress>("--cluster-address")
        {
            Description = "Address of this coordinator in the network of agents and other coordinators, who are told it.",
            DefaultValueFactory = _ => IPAddress.Loopback,
            CustomParser = result =>
            {
                var text = result.Tokens.Single().Value;
                if (IPAddress.TryParse(text, out var address))
                {
                    return address;
                }

                result.AddError($"'{text}' is no IP address. Write one of this machine, such as 10.0.0.7; names are not looked up.");
                return null;
            },
        };
        var silo = Numbers.WholeIfGiven("--silo-port", "Port between coordinators; a free one if not given.", 0, 65_535);
        var gateway = Numbers.WholeIfGiven("--gateway-port", "Port for agents; a free one if not given.", 0, 65_535);
        var metricsUrl = MetricsListener.Url();
        var verbose = new Option<bool>("--verbose") { Description = "Log what happens, not only what goes wrong." };
        var command = new Command("serve", $"Run a coordinator. Agents need the token in {AgentOptions.TokenVariable}. Once `temper key create` has made an API key, every call needs one. With the address of a PostgreSQL database in {PostgresUrl.Variable} ({PostgresUrl.Form}) the state lies there, and several coordinators share it. {KeyStore.BootstrapVariable} is an API key of role admin from the start on.")
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
                Database = PostgresUrl.FromEnvironment(),
                AdminKey = Environment.GetEnvironmentVariable(KeyStore.BootstrapVariable) is { Length: > 0 } key ? key : null,
                OutputRoot = result.GetRequiredValue(output).FullName,
                DataRoots = [.. result.GetRequiredValue(data).Select(folder => folder.FullName)],
                AgentToken = token,
                Url = result.GetRequiredValue(url),
                ClusterAddress = result.GetRequiredValue(cluster),
                SiloPort = result.GetValue(silo) ?? 0,
                GatewayPort = result.GetValue(gateway) ?? 0,
                LogLevel = result.GetValue(verbose) ? LogLevel.Information : LogLevel.Warning,
            });
            await using var metrics = result.GetValue(metricsUrl) is { } address ? await MetricsListener.Start(address, CoordinatorHost.Metrics(app), ct) : null;
            await app.StartAsync(ct);
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
    public static Option<DirectoryInfo> State() => new("--state") { Description = $"Folder of the coordinator's databases; unused with {PostgresUrl.Variable}.", DefaultValueFactory = _ => new DirectoryInfo("temper-state") };
}
