using System.CommandLine;
using System.Runtime.InteropServices;
using Spectre.Console;
using Temper.Cli.Embedded;
using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports;
using Temper.Worker.Native;

namespace Temper.Cli.Commands;

/// <summary><c>temper run</c>: coordinator, agent and trainers on this machine, for one run.</summary>
internal static class RunCommand
{
    // What --resume needs to know again.
    private const string SpecFile = "spec.yaml";
    private const string DataRootFile = "data-root.txt";

    public static Command Create()
    {
        var spec = new Argument<FileInfo?>("spec") { Description = "The spec, YAML or JSON.", Arity = ArgumentArity.ZeroOrOne };
        var data = SpecOptions.Data();
        var output = new Option<DirectoryInfo?>("--output") { Description = "Folder for checkpoints, model, report and state; runs/NAME if not given." };
        var resume = new Option<DirectoryInfo?>("--resume") { Description = "Output folder of a run that was interrupted: go on with it." };
        var command = new Command("run", "Train and evaluate a spec on this machine, start to end.") { spec, data, output, resume };
        command.SetAction((result, ct) => (result.GetValue(spec), result.GetValue(resume)) switch
        {
            ({ } file, null) => Start(file, result.GetValue(data), result.GetValue(output), ct),
            (null, { } folder) => Resume(folder, result.GetValue(data), ct),
            _ => throw new ArgumentException("Give either a spec or --resume with the output folder of an interrupted run."),
        });
        return command;
    }

    private static async Task<int> Start(FileInfo file, DirectoryInfo? data, DirectoryInfo? output, CancellationToken ct)
    {
        var text = await File.ReadAllTextAsync(file.FullName, ct);
        // Only to know how many slots are wanted and where to write: the coordinator checks everything.
        var spec = SpecReader.Read(text).Value;
        var folder = output?.FullName ?? NewFolder(spec?.Name ?? "rejected");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new IOException($"{folder} is not empty. Give --output a new folder, or go on with what is there: temper run --resume {folder}");
        }

        var roots = SpecOptions.Roots(data);
        var before = Directory.Exists(folder);
        await using (var cluster = await EmbeddedCluster.Start(folder, roots, spec?.Workers ?? 1, ct))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, DataRootFile), roots[0], ct);
            await File.WriteAllTextAsync(Path.Combine(folder, SpecFile), text, ct);
            switch (await cluster.Client.SubmitAsync(text, Guid.NewGuid().ToString("N"), null, folder, ct))
            {
                case SubmitOutcome.Accepted accepted:
                    Console.WriteLine($"output {folder}, cache {TorchLibrary.CacheFolder()}");
                    return await Follow(cluster.Client, accepted.Run, folder);
                case SubmitOutcome.Rejected rejected:
                    AnsiConsole.Write(SpecErrorsView.Render(file.Name, rejected.Errors));
                    break;
            }
        }

        // A refused spec leaves nothing behind.
        Directory.Delete(folder, recursive: !before);
        return ExitCodes.Usage;
    }

    private static async Task<int> Resume(DirectoryInfo folder, DirectoryInfo? data, CancellationToken ct)
    {
        if (!Directory.Exists(Path.Combine(folder.FullName, "state")))
        {
            throw new DirectoryNotFoundException($"{folder.FullName} is not the output folder of a run: it has no folder 'state'.");
        }

        var noted = Path.Combine(folder.FullName, DataRootFile);
        var roots = data is null && File.Exists(noted) ? [await File.ReadAllTextAsync(noted, ct)] : SpecOptions.Roots(data);
        var spec = SpecOptions.Read(new FileInfo(Path.Combine(folder.FullName, SpecFile)));
        await using var cluster = await EmbeddedCluster.Start(folder.FullName, roots, spec.Workers, ct);
        var run = (await cluster.Client.ListAsync(ct)).SingleOrDefault() ?? throw new InvalidDataException($"{folder.FullName} holds no run.");
        if (run.Phase == RunPhase.Paused)
        {
            run = await cluster.Client.ResumeAsync(run.Id, ct);
        }

        return await Follow(cluster.Client, run, folder.FullName);
    }

    private static async Task<int> Follow(TemperClient client, RunStatus run, string folder)
    {
        // The first wish to end saves a checkpoint; the second ends at once.
        using var impatience = new CancellationTokenSource();
        var wishes = 0;
        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true;
            if (Interlocked.Increment(ref wishes) > 1)
            {
                impatience.Cancel();
                return;
            }

            Console.Error.WriteLine("Saving a checkpoint; once more to end at once.");
            _ = Pause(client, run.Id);
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt);
        try
        {
            var rates = await client.RatesAsync(run.Id, impatience.Token);
            await RunWatch.ShowAsync(AnsiConsole.Console, RunPoller.Follow(client, run.Id, impatience.Token), rates, TimeProvider.System, impatience.Token);
            return Conclude(await client.ShowAsync(run.Id, impatience.Token), folder);
        }
        catch (OperationCanceledException) when (impatience.IsCancellationRequested)
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
        switch (run.Phase)
        {
            case RunPhase.Succeeded:
                var report = ReportJson.Read(File.ReadAllText(Path.Combine(folder, ReportFiles.Json)));
                AnsiConsole.Write(RunResultView.Render(report, Path.Combine(folder, ReportFiles.Html), Path.Combine(folder, "model")));
                return ExitCodes.Success;
            case RunPhase.Paused:
                Console.WriteLine($"Stopped after step {run.Step}, checkpoint saved. To go on: temper run --resume {folder}");
                return ExitCodes.Interrupted;
            default:
                AnsiConsole.Write(RunShowView.Render(run, DateTimeOffset.UtcNow));
                Console.WriteLine($"Logs of the trainers: {Path.Combine(folder, "logs")}");
                return ExitCodes.Failure;
        }
    }

    private static string NewFolder(string name)
    {
        var folder = Path.Combine(Environment.CurrentDirectory, "runs", name);
        for (var number = 2; Directory.Exists(folder); number++)
        {
            folder = Path.Combine(Environment.CurrentDirectory, "runs", $"{name}-{number}");
        }

        return folder;
    }
}
