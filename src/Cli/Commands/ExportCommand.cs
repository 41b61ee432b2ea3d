using System.CommandLine;
using Temper.Cli.Files;
using Temper.Contracts.Specs;
using Temper.Mixture.Sources;
using Temper.Planning.Models;
using Temper.Worker.Models;
using Temper.Worker.Native;

namespace Temper.Cli.Commands;

/// <summary><c>temper export</c>: a checkpoint as a model folder.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var from = new Argument<DirectoryInfo>("from") { Description = "Output folder of a run (its last checkpoint is taken), a checkpoint, or a model." }.AcceptExistingOnly();
        var output = OutputFolderOption.Create("Folder to make, in Hugging Face's layout.", required: true);
        var command = new Command("export", "Write the weights of a run or checkpoint as a model in Hugging Face's layout.") { from, output };
        command.SetAction(result =>
        {
            // Where a link leads: what is written takes the place of what was there, and the link stays.
            var target = new DirectoryInfo(RealPath.Of(result.GetRequiredValue(output).ToString()));
            if (target.Exists && target.EnumerateFileSystemInfos().Any())
            {
                throw new IOException($"{target.FullName} is not empty. Give --output a new folder.");
            }

            TorchLibrary.Load();
            var folder = ModelFolder.Open(Source(result.GetRequiredValue(from)));
            using var model = folder.LoadModel();
            folder.Write(target.FullName, model);
            Console.WriteLine(target.FullName);
            return ExitCodes.Success;
        });
        return command;
    }

    private static string Source(DirectoryInfo from)
    {
        if (File.Exists(Path.Combine(from.FullName, "config.json")) || EnsembleFile.IsIn(from.FullName))
        {
            return from.FullName;
        }

        var checkpoints = Path.Combine(from.FullName, OptimizerFiles.CheckpointsDirectory);
        var last = Directory.Exists(checkpoints) ? Directory.GetDirectories(checkpoints, "step-*").Where(path => File.Exists(Path.Combine(path, "manifest.json")) && !path.EndsWith(".unfinished", StringComparison.Ordinal)).Max(StringComparer.Ordinal) : null;
        // A run without steps has no checkpoints.
        var model = Path.Combine(from.FullName, OriginRun.ModelDirectory);
        return last ?? (Directory.Exists(model) ? model : throw new InvalidDataException($"{from.FullName} is neither a model nor the output of a run with checkpoints."));
    }
}
