using System.CommandLine;
using Spectre.Console;
using Temper.Cli.Embedded;
using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Commands;

/// <summary><c>temper submit</c>: gives a spec to a coordinator.</summary>
internal static class SubmitCommand
{
    public static Command Create()
    {
        var server = new ServerOptions();
        var spec = SpecOptions.Spec();
        var data = new Option<string?>("--data") { Description = "Folder, below the server's data roots, that relative sources lie under." };
        var output = new Option<string?>("--output") { Description = "Folder, below the server's output root, for checkpoints, model and report." };
        var watch = new Option<bool>("--watch") { Description = "Stay and watch the run." };
        var command = new Command("submit", "Submit a spec to a coordinator.") { spec, data, output, watch };
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            var file = result.GetRequiredValue(spec);
            var text = await File.ReadAllTextAsync(file.FullName, ct);
            switch (await client.SubmitAsync(text, Guid.NewGuid().ToString("N"), result.GetValue(data), result.GetValue(output), ct))
            {
                case SubmitOutcome<RunStatus>.Accepted accepted:
                    Console.WriteLine(accepted.Value.Id);
                    return result.GetValue(watch) ? await WatchCommand.Watch(client, accepted.Value.Id, ct) : ExitCodes.Success;
                case SubmitOutcome<RunStatus>.Rejected rejected:
                    SpecErrorsView.Write(AnsiConsole.Console, file.Name, rejected.Errors);
                    return ExitCodes.Usage;
                default:
                    throw new InvalidOperationException("Unknown outcome of a submission.");
            }
        });
        return command;
    }
}

/// <summary><c>temper list</c>: the runs of a coordinator.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var server = new ServerOptions();
        var command = new Command("list", "List the runs of a coordinator.");
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            AnsiConsole.Write(RunListView.Render(await client.ListAsync(ct), DateTimeOffset.UtcNow));
            return ExitCodes.Success;
        });
        return command;
    }
}

/// <summary><c>temper show</c>: one run.</summary>
internal static class ShowCommand
{
    public static Command Create() => RunArgument.Command("show", "Show a run.", async (client, id, ct) =>
    {
        AnsiConsole.Write(RunShowView.Render(await client.ShowAsync(id, ct), DateTimeOffset.UtcNow));
        return ExitCodes.Success;
    });
}

/// <summary><c>temper cancel</c>: ends a run.</summary>
internal static class CancelCommand
{
    public static Command Create() => RunArgument.Command("cancel", "End a run without a checkpoint.", async (client, id, ct) =>
    {
        var run = await client.CancelAsync(id, ct);
        Console.WriteLine(SafeText.OneLine($"{run.Id} {run.Phase}: {run.Reason}"));
        return ExitCodes.Success;
    });
}

/// <summary><c>temper retry</c>: starts a failed run again.</summary>
internal static class RetryCommand
{
    public static Command Create() => RunArgument.Command("retry", "Start a failed run again from its checkpoint, with the runs that waited for its model and its experiment.", async (client, id, ct) =>
    {
        var run = await client.RetryAsync(id, ct);
        Console.WriteLine(SafeText.OneLine($"{run.Id} {run.Phase}: {run.Reason}"));
        return ExitCodes.Success;
    });
}

/// <summary><c>temper watch</c>: a run, live.</summary>
internal static class WatchCommand
{
    public static Command Create() => RunArgument.Command("watch", "Watch a run until it ends.", Watch);

    /// <summary>Shows the run until it ends; the exit code says how.</summary>
    public static async Task<int> Watch(TemperClient client, string id, CancellationToken ct)
    {
        using var interruption = new Interruption();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, interruption.AtOnce);
        var rates = await client.RatesAsync(id, end.Token);
        var progress = await RunWatch.ShowAsync(AnsiConsole.Console, RunPoller.Follow(client, id, end.Token), rates, TimeProvider.System, end.Token);
        AnsiConsole.Write(RunShowView.Render(progress.Status!, DateTimeOffset.UtcNow));
        return progress.Status!.Phase == RunPhase.Failed ? ExitCodes.Failure : ExitCodes.Success;
    }
}

/// <summary><c>temper logs</c>: what happened to a run.</summary>
internal static class LogsCommand
{
    public static Command Create() => RunArgument.Command("logs", "Print what happened to a run.", async (client, id, ct) =>
    {
        foreach (var happening in await client.HappeningsAsync(id, ct))
        {
            Console.WriteLine($"{happening.At.LocalDateTime:yyyy-MM-dd HH:mm:ss}  {happening.Kind,-14} {SafeText.OneLine(happening.Message)}");
        }

        return ExitCodes.Success;
    });
}

/// <summary><c>temper agents</c>: the agents of a coordinator.</summary>
internal static class AgentsCommand
{
    public static Command Create()
    {
        var server = new ServerOptions();
        var command = new Command("agents", "List the agents of a coordinator, what runs on them, and which get no work since runs keep failing on them.");
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            AnsiConsole.Write(AgentListView.Render(await client.AgentsAsync(ct), DateTimeOffset.UtcNow));
            return ExitCodes.Success;
        });
        return command;
    }
}

/// <summary>What the commands about one run share.</summary>
internal static class RunArgument
{
    public static Command Command(string name, string description, Func<TemperClient, string, CancellationToken, Task<int>> action)
    {
        var server = new ServerOptions();
        var run = new Argument<string>("run") { Description = "Id of the run." };
        var command = new Command(name, description) { run };
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            return await action(client, result.GetRequiredValue(run), ct);
        });
        return command;
    }
}
