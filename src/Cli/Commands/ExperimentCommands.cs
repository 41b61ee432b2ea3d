using System.CommandLine;
using Spectre.Console;
using Temper.Cli.Embedded;
using Temper.Cli.Files;
using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Contracts.Experiments;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Commands;

/// <summary><c>temper experiment</c>: questions that take several runs to answer.</summary>
internal static class ExperimentCommands
{
    public static Command Create() => new("experiment", "Mixture studies, ensembles, scaling experiments and comparisons of recipes.")
    {
        ExperimentRunCommand.Create(),
        Submit(),
        List(),
        On("show", "Show an experiment and its runs.", async (client, id, ct) =>
        {
            AnsiConsole.Write(ExperimentProgressView.Render(await client.ExperimentAsync(id, ct), await client.RunsOfAsync(id, ct), int.MaxValue));
            return ExitCodes.Success;
        }),
        On("watch", "Watch an experiment until it ends.", Watch),
        On("cancel", "End all runs of an experiment without a checkpoint.", (client, id, ct) => Tell(client, id, "cancel", ct)),
        On("pause", "Save a checkpoint of all runs of an experiment and free their workers.", (client, id, ct) => Tell(client, id, "pause", ct)),
        On("resume", "Let the paused runs of an experiment go on.", (client, id, ct) => Tell(client, id, "resume", ct)),
        On("retry", "Start the failed runs of an experiment again from their checkpoints.", (client, id, ct) => Tell(client, id, "retry", ct)),
        Report(),
    };

    private static Command Submit()
    {
        var server = new ServerOptions();
        var spec = SpecOptions.Spec();
        var data = new Option<string?>("--data") { Description = "Folder, below the server's data roots, that relative sources lie under." };
        var output = new Option<string?>("--output") { Description = "Folder, below the server's output root, for the runs' folders and the report." };
        var watch = new Option<bool>("--watch") { Description = "Stay and watch the experiment." };
        var command = new Command("submit", "Submit an experiment to a coordinator.") { spec, data, output, watch };
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            var file = result.GetRequiredValue(spec);
            var text = await File.ReadAllTextAsync(file.FullName, ct);
            switch (await client.SubmitExperimentAsync(text, Guid.NewGuid().ToString("N"), result.GetValue(data), result.GetValue(output), ct))
            {
                case SubmitOutcome<ExperimentStatus>.Accepted accepted:
                    Console.WriteLine(accepted.Value.Id);
                    return result.GetValue(watch) ? await Watch(client, accepted.Value.Id, ct) : ExitCodes.Success;
                case SubmitOutcome<ExperimentStatus>.Rejected rejected:
                    SpecErrorsView.Write(AnsiConsole.Console, file.Name, rejected.Errors);
                    return ExitCodes.Usage;
                default:
                    throw new InvalidOperationException("Unknown outcome of a submission.");
            }
        });
        return command;
    }

    private static Command List()
    {
        var server = new ServerOptions();
        var command = new Command("list", "List the experiments of a coordinator.");
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            AnsiConsole.Write(ExperimentListView.Render(await client.ExperimentsAsync(ct), DateTimeOffset.UtcNow));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command Report()
    {
        var server = new ServerOptions();
        var id = Id();
        var output = OutputFolderOption.Create($"Folder to write {ReportFiles.Html} and {ReportFiles.Json} to; the answer is shown in any case.");
        var command = new Command("report", "Make the report of an experiment anew from what is stored, whether or not it has ended.") { id, output };
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            var experiment = result.GetRequiredValue(id);
            var json = await client.ExperimentReportAsync(experiment, "application/json", ct);
            if (result.GetValue(output) is { } folder)
            {
                folder.Create();
                var page = await client.ExperimentReportAsync(experiment, "text/html", ct);
                OutputFile.At(Path.Combine(folder.FullName, ReportFiles.Html)).Write(writer => writer.Write(page));
                OutputFile.At(Path.Combine(folder.FullName, ReportFiles.Json)).Write(writer => writer.Write(json));
            }

            ExperimentRunCommand.WriteAnswer(json);
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task<int> Watch(TemperClient client, string id, CancellationToken ct)
    {
        using var interruption = new Interruption();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, interruption.AtOnce);
        var last = await ExperimentWatch.ShowAsync(AnsiConsole.Console, async token => (await client.ExperimentAsync(id, token), await client.RunsOfAsync(id, token)), end.Token);
        if (last.Phase.IsTerminal())
        {
            ExperimentRunCommand.WriteAnswer(await client.ExperimentReportAsync(id, "application/json", end.Token));
        }

        return last.Phase == ExperimentPhase.Failed ? ExitCodes.Failure : ExitCodes.Success;
    }

    private static async Task<int> Tell(TemperClient client, string id, string verb, CancellationToken ct)
    {
        var experiment = await client.CommandExperimentAsync(id, verb, ct);
        Console.WriteLine(SafeText.OneLine($"{experiment.Id} {experiment.Phase}: {experiment.Reason}"));
        return ExitCodes.Success;
    }

    private static Argument<string> Id() => new("experiment") { Description = "Id of the experiment." };

    private static Command On(string name, string description, Func<TemperClient, string, CancellationToken, Task<int>> action)
    {
        var server = new ServerOptions();
        var id = Id();
        var command = new Command(name, description) { id };
        server.AddTo(command);
        command.SetAction(async (result, ct) =>
        {
            using var client = server.Client(result);
            return await action(client, result.GetRequiredValue(id), ct);
        });
        return command;
    }
}
