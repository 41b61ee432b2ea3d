using System.CommandLine;
using Spectre.Console;
using Temper.Cli.Embedded;
using Temper.Cli.Files;
using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;
using Temper.Mixture.Tasks;
using Temper.Planning.Reading;
using Temper.Worker.Native;

namespace Temper.Cli.Commands;

/// <summary><c>temper run</c>: coordinator, agent and trainers on this machine, for one run.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var spec = new Argument<FileInfo?>("spec") { Description = "The spec, YAML or JSON.", Arity = ArgumentArity.ZeroOrOne };
        var data = SpecOptions.Data();
        var output = OutputFolderOption.Create("Folder for checkpoints, model, report and state; runs/NAME if not given.");
        var resume = new Option<DirectoryInfo?>("--resume") { Description = "Output folder of a run that was interrupted or has failed: go on with it. It may have been moved or copied since: the run goes on in the folder that is given, and writes nowhere else." };
        var command = new Command("run", "Train and evaluate a spec on this machine, start to end.") { spec, data, output, resume };
        command.SetAction(async (result, _) =>
        {
            using var interruption = new Interruption();
            return (result.GetValue(spec), result.GetValue(resume), result.GetValue(data), result.GetValue(output)) switch
            {
                ({ } file, null, var given, var folder) => await Start(file, given, folder, interruption),
                (null, { } folder, null, null) => await Resume(OutputFolder.Resumed(folder), interruption),
                (null, { }, _, _) => throw new ArgumentException("--resume takes data and output from the run that it goes on with. Leave --data and --output out."),
                _ => throw new ArgumentException("Give either a spec or --resume with the output folder of an interrupted run."),
            };
        });
        return command;
    }

    private static async Task<int> Start(FileInfo file, DirectoryInfo? data, DirectoryInfo? output, Interruption interruption)
    {
        var text = await File.ReadAllTextAsync(file.FullName, interruption.AtOnce);
        // Only to know how many slots are wanted and where to write: the coordinator checks everything.
        var spec = SpecReader.Read(text).Value;
        using var claimed = OutputFolder.Claim(output, spec?.Name, "temper run");
        var folder = claimed.Path;
        await using var cluster = await EmbeddedCluster.Start(folder, SpecOptions.Roots(data), spec?.Workers ?? 1, interruption.AtOnce);
        switch (await cluster.Client.SubmitAsync(text, Guid.NewGuid().ToString("N"), null, folder, interruption.AtOnce))
        {
            case SubmitOutcome<RunStatus>.Accepted accepted:
                await claimed.Keep(text);
                Console.WriteLine($"output {folder}, cache {TorchLibrary.CacheFolder()}");
                return await Follow(cluster.Client, accepted.Value, folder, interruption);
            case SubmitOutcome<RunStatus>.Rejected rejected:
                SpecErrorsView.Write(AnsiConsole.Console, file.Name, rejected.Errors);
                return ExitCodes.Usage;
            default:
                throw new InvalidOperationException("Unknown outcome of a submission.");
        }
    }

    private static async Task<int> Resume(string folder, Interruption interruption)
    {
        var read = SpecReader.Read(OutputFolder.SpecOf(folder));
        var spec = read.Value ?? throw new SpecException(read.Errors);
        await using var cluster = await EmbeddedCluster.Start(folder, [folder], spec.Workers, interruption.AtOnce);
        var run = (await cluster.Client.ListAsync(interruption.AtOnce)).SingleOrDefault() ?? throw new InvalidDataException($"{folder} holds no run.");
        if (run.Phase == RunPhase.Paused)
        {
            run = await cluster.Client.ResumeAsync(run.Id, interruption.AtOnce);
        }
        else if (run.Phase == RunPhase.Failed)
        {
            run = await cluster.Client.RetryAsync(run.Id, interruption.AtOnce);
        }

        return await Follow(cluster.Client, run, folder, interruption);
    }

    private static async Task<int> Follow(TemperClient client, RunStatus run, string folder, Interruption interruption)
    {
        interruption.Orderly(() =>
        {
            _ = Pause(client, run.Id);
            Console.Error.WriteLine("Saving a checkpoint; once more to end at once.");
        });
        try
        {
            var rates = await client.RatesAsync(run.Id, interruption.AtOnce);
            await RunWatch.ShowAsync(AnsiConsole.Console, RunPoller.Follow(client, run.Id, interruption.AtOnce), rates, TimeProvider.System, interruption.AtOnce);
            return Conclude(await client.ShowAsync(run.Id, interruption.AtOnce), folder);
        }
        catch (OperationCanceledException) when (interruption.AtOnce.IsCancellationRequested)
        {
            Console.WriteLine($"Ended at once. To go on from the last checkpoint: temper run --resume {folder}");
            return ExitCodes.Interrupted;
        }
    }

    private static async Task Pause(TemperClient client, string id)
    {
        try
        {
            await client.PauseAsync(id, CancellationToken.None);
        }
        catch (TemperApiException e)
        {
            // It ends by itself just now, for instance.
            await Console.Error.WriteLineAsync(e.Message);
        }
    }

    private static int Conclude(RunStatus run, string folder)
    {
        var report = Path.Combine(folder, ReportFiles.Json);
        switch (run.Phase)
        {
            case RunPhase.Succeeded when File.Exists(report):
                AnsiConsole.Write(RunResultView.Render(ReportJson.Read(File.ReadAllText(report)), Path.Combine(folder, ReportFiles.Html), Path.Combine(folder, "model")));
                return ExitCodes.Success;
            case RunPhase.Succeeded:
                AnsiConsole.Write(RunShowView.Render(run, DateTimeOffset.UtcNow));
                return ExitCodes.Success;
            case RunPhase.Paused:
                var kept = run.CheckpointStep is { } step ? $"after step {run.Step}; the checkpoint of step {step} is saved" : "before there was anything to save";
                Console.WriteLine($"Stopped {kept}. To go on: temper run --resume {folder}");
                return ExitCodes.Interrupted;
            default:
                AnsiConsole.Write(RunShowView.Render(run, DateTimeOffset.UtcNow));
                Console.WriteLine($"Logs of the trainers: {Path.Combine(folder, "logs")}");
                return ExitCodes.Failure;
        }
    }
}
