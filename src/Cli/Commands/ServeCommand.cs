using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Temper.Coordinator.Hosting;
using Temper.Worker.Agents;

namespace Temper.Cli.Commands;

/// <summary><c>temper serve</c>: a coordinator.</summary>
internal static class ServeCommand
{
    private const string KeysVariable = "TEMPER_API_KEY_HASHES";

    public static Command Create()
    {
        var url = new Option<string>("--url") { Description = "Where REST listens; anything but loopback needs an API key.", DefaultValueFactory = _ => "http://127.0.0.1:5080" };
        var state = new Option<DirectoryInfo>("--state") { Description = "Folder of the coordinator's databases.", DefaultValueFactory = _ => new DirectoryInfo("temper-state") };
        var data = new Option<DirectoryInfo[]>("--data") { Description = "Folders that sources of specs lie under.", DefaultValueFactory = _ => [new DirectoryInfo(".")] };
        var output = new Option<DirectoryInfo>("--output") { Description = "Folder that the output of runs goes under; agents must see it at the same place.", DefaultValueFactory = _ => new DirectoryInfo("runs") };
        var cluster = new Option<string>("--cluster-address") { Description = "Address that agents connect to and that they are told.", DefaultValueFactory = _ => "127.0.0.1" };
        var silo = new Option<int>("--silo-port") { Description = "Port between coordinators; a free one if not given." };
        var gateway = new Option<int>("--gateway-port") { Description = "Port for agents; a free one if not given." };
        var verbose = new Option<bool>("--verbose") { Description = "Log what happens, not only what goes wrong." };
        var command = new Command("serve", $"Run a coordinator. Agents need the token in {AgentOptions.TokenVariable}; {KeysVariable} holds the SHA-256 hashes of API keys, separated by commas (make one with `temper serve hash-key`).")
        {
            url, state, data, output, cluster, silo, gateway, verbose, HashKey(),
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
                ApiKeyHashes = (Environment.GetEnvironmentVariable(KeysVariable) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                Url = result.GetRequiredValue(url),
                ClusterAddress = IPAddress.Parse(result.GetRequiredValue(cluster)),
                SiloPort = result.GetValue(silo),
                GatewayPort = result.GetValue(gateway),
                LogLevel = result.GetValue(verbose) ? LogLevel.Information : LogLevel.Warning,
            });
            await app.StartAsync(ct);
            Console.WriteLine($"coordinator at {CoordinatorHost.Endpoints(app).Api}");
            await app.WaitForShutdownAsync(ct);
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command HashKey()
    {
        var command = new Command("hash-key", "Read an API key from standard input and print its hash.");
        command.SetAction(_ =>
        {
            var key = Console.In.ReadLine() ?? "";
            Console.WriteLine(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));
            return ExitCodes.Success;
        });
        return command;
    }
}
