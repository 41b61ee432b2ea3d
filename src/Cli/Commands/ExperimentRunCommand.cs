using System.CommandLine;
using Spectre.Console;
using Temper.Cli.Embedded;
using Temper.Cli.Files;
using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Contracts.Experiments;
using Temper.Coordinator.Reports;
using Temper.Mixture.Tasks;
using Temper.Planning.Reading;
using Temper.Worker.Native;

namespace Temper.Cli.Commands;

/// <summary><c>temper experiment run</c>: coordinator, agent and trainers on this machine, for one experiment.</summary>
internal static class ExperimentRunCommand
{
    public static Command Create()
    {
        var spec = new Argument<FileInfo?>("spec") { Description = "The spec of the experiment, YAML or JSON.", Arity = ArgumentArity.ZeroOrOne };
        var data = SpecOptions.Data();
        var output = OutputFolderOption.Create("Folder for the runs' folders, the report and state; runs/NAME if not given.");
        var resume = new Option<DirectoryInfo?>("--resume") { Description = "Output folder of an experiment that was interrupted or has failed: go on with it. It may have been moved or copied since: the experiment goes on in the folder that is given, and writes nowhere else." };
        var slots = Numbers.WholeIfGiven("--slots", "Trainers at once; as many as this machine has processors for if not given.", 1, 1024);
        var command = new Command("run", "Answer a question on this machine, start to end.") { spec, data, output, resume, slots };
        command.SetAction(async (result, _) =>
        {
            using var interruption = new Interruption();
            return (result.GetValue(spec), result.GetValue(resume), result.GetValue(data), result.GetValue(output)) switch
            {
                ({ } file, null, var given, var folder) => await Start(file, given, folder, result.GetValue(slots), interruption),
                (null, { } folder, null, null) => await Resume(OutputFolder.Resumed(folder), result.GetValue(slots), interruption),
                (null, { }, _, _) => throw new ArgumentException("--resume takes data and output from the experiment that it goes on with. Leave --data and --output out."),
                _ => throw new ArgumentException("Give either a spec or --resume with the output folder of an interrupted experiment."),
            };
        });
        return command;
    }

    /// <summary>Shows the answer and the table of a <c>report.json</c>.</summary>
    /// <param name="json">The report.</param>
    /// <param name="page">Where the page lies; null where it is not written.</param>
    public static void WriteAnswer(string json, string? page = null) => AnsiConsole.Write(ExperimentResultView.Render(ReportJson.ReadExperiment(json), page));

    private static async Task<int> Start(FileInfo file, DirectoryInfo? data, DirectoryInfo? output, int? slots, Interruption interruption)
    {
        var text = await File.ReadAllTextAsync(file.FullName, interruption.AtOnce);
        // Only to know how many slots are wanted and where to write: the coordinator checks everything.
        var spec = ExperimentReader.Read(text).Value;
        using var claimed = OutputFolder.Claim(output, spec?.Name, "temper experiment run");
        var folder = claimed.Path;
        await using var cluster = await EmbeddedCluster.Start(folder, SpecOptions.Roots(data), Slots(spec, slots), interruption.AtOnce);
        switch (await cluster.Client.SubmitExperimentAsync(text, Guid.NewGuid().ToString("N"), null, folder, interruption.AtOnce))
        {
            case SubmitOutcome<ExperimentStatus>.Accepted accepted:
                await claimed.Keep(text);
                Console.WriteLine($"output {folder}, cache {TorchLibrary.CacheFolder()}");
                return await Follow(cluster.Client, accepted.Value, folder, interruption);
            case SubmitOutcome<ExperimentStatus>.Rejected rejected:
                SpecErrorsView.Write(AnsiConsole.Console, file.Name, rejected.Errors);
                return ExitCodes.Usage;
            default:
                throw new InvalidOperationException("Unknown outcome of a submission.");
        }
    }

    private static async Task<int> Resume(string folder, int? slots, Interruption interruption)
    {
        var read = ExperimentReader.Read(OutputFolder.SpecOf(folder));
        var spec = read.Value ?? throw new SpecException(read.Errors);
        await using var cluster = await EmbeddedCluster.Start(folder, [folder], Slots(spec, slots), interruption.AtOnce);
        var experiment = (await cluster.Client.ExperimentsAsync(interruption.AtOnce)).SingleOrDefault() ?? throw new InvalidDataException($"{folder} holds no experiment.");
        if (!experiment.Phase.IsTerminal())
        {
            experiment = await cluster.Client.CommandExperimentAsync(experiment.Id, "resume", interruption.AtOnce);
        }

        if (experiment.Unsuccessful > 0 && experiment.Phase is not (ExperimentPhase.Cancelled or ExperimentPhase.Cancelling))
        {
            experiment = await cluster.Client.CommandExperimentAsync(experiment.Id, "retry", interruption.AtOnce);
        }

        return await Follow(cluster.Client, experiment, folder, interruption);
    }

    // All ranks of the largest run must find a place, whatever the machine.
    private static int Slots(ExperimentSpec? spec, int? asked)
    {
        var workers = spec?.Base.Workers ?? 1;
        var slots = asked ?? Math.Max(workers, Environment.ProcessorCount / (spec?.Base.Threads ?? 1));
        return slots >= workers ? slots : throw new ArgumentException($"--slots is {slots}, and the runs have {workers} workers. Give at least as many slots.");
    }

    private static async Task<int> Follow(TemperClient client, ExperimentStatus experiment, string folder, Interruption interruption)
    {
        interruption.Orderly(() =>
        {
            _ = Pause(client, experiment.Id);
            Console.Error.WriteLine("Saving checkpoints; once more to end at once.");
        });
        try
        {
            var last = await ExperimentWatch.ShowAsync(
                AnsiConsole.Console,
                async ct => (await client.ExperimentAsync(experiment.Id, ct), await client.RunsOfAsync(experiment.Id, ct)),
                interruption.AtOnce);
            return Conclude(last, folder);
        }
        catch (OperationCanceledException) when (interruption.AtOnce.IsCancellationRequested)
        {
            Console.WriteLine($"Ended at once. To go on from the last checkpoints: temper experiment run --resume {folder}");
            return ExitCodes.Interrupted;
        }
    }

    private static async Task Pause(TemperClient client, string id)
    {
        try
        {
            await client.CommandExperimentAsync(id, "pause", CancellationToken.None);
        }
        catch (TemperApiException e)
        {
            // It ends by itself just now, for instance.
            await Console.Error.WriteLineAsync(e.Message);
        }
    }

    private static int Conclude(ExperimentStatus experiment, string folder)
    {
        if (experiment.Phase == ExperimentPhase.Paused)
        {
            Console.WriteLine($"Stopped, checkpoints saved. To go on: temper experiment run --resume {folder}");
            return ExitCodes.Interrupted;
        }

        var report = Path.Combine(folder, ReportFiles.Json);
        if (File.Exists(report))
        {
            WriteAnswer(File.ReadAllText(report), Path.Combine(folder, ReportFiles.Html));
        }

        if (experiment.Phase != ExperimentPhase.Succeeded)
        {
            Console.WriteLine(SafeText.OneLine($"{experiment.Phase}: {experiment.Reason}"));
            return ExitCodes.Failure;
        }

        return ExitCodes.Success;
    }
}
