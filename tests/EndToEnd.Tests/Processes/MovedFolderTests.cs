using System.Runtime.Versioning;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>An output folder that was copied or moved is resumed where it lies.</summary>
[Collection("processes")]
[UnsupportedOSPlatform("windows")]
public sealed class MovedFolderTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_copy_goes_on_from_its_own_checkpoints_and_writes_only_there_and_so_does_a_moved_folder()
    {
        // So long that no part ends by itself.
        var spec = _folder.Spec(steps: 20_000, workers: 1);
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("checkpoint_every: 20", "checkpoint_every: 20\n  keep_checkpoints: 1000"));
        var paused = await UntilSaved(20, ["run", spec, "--output", _folder["first"]], _folder["first"]);

        Copy(_folder["first"], _folder["deeper/copy"]);
        var before = Contents(_folder["first"]);
        var copied = await UntilSaved(paused + 20, ["run", "--resume", _folder["deeper/copy"]], _folder["deeper/copy"]);
        Assert.Equal(before, Contents(_folder["first"]));

        Directory.Move(_folder["first"], _folder["moved"]);
        var moved = await UntilSaved(paused + 20, ["run", "--resume", _folder["moved"]], _folder["moved"]);
        Assert.False(Directory.Exists(_folder["first"]));

        var (one, other) = (RunFolder.Checkpoints(_folder["deeper/copy"]), RunFolder.Checkpoints(_folder["moved"]));
        foreach (var checkpoints in new[] { one, other })
        {
            // Nothing was trained again.
            Assert.Equal(paused, checkpoints.Where(saved => saved.Value.EndsWith("-epoch-1", StringComparison.Ordinal)).Max(saved => saved.Key));
            Assert.True(checkpoints.Where(saved => !saved.Value.EndsWith("-epoch-1", StringComparison.Ordinal)).Min(saved => saved.Key) > paused);
        }

        var later = one.Keys.Intersect(other.Keys).Max();
        Assert.InRange(later, paused + 1, Math.Min(copied, moved));
        Assert.Equal(Weights(one[later]), Weights(other[later]));
    }

    [Fact]
    public async Task An_experiment_that_was_moved_goes_on_and_its_second_stage_finds_the_model_of_the_first()
    {
        var spec = File.ReadAllText(_folder.Spec(steps: 20_000, workers: 1)).Replace("name: small\n", "", StringComparison.Ordinal).TrimEnd();
        File.WriteAllText(_folder["experiment.yaml"], $$"""
            name: stages
            question: Does a first stage help?
            comparison:
              recipes:
                staged:
                  stages:
                    - training: {steps: 400}
                    - {}
                scratch:
                  stages:
                    - {}
            base:
              {{spec.ReplaceLineEndings("\n  ")}}
            """);
        await UntilAny("first", step: 20, ["experiment", "run", _folder["experiment.yaml"], "--output", _folder["first"], "--slots", "2"], run => run.StartsWith("staged-", StringComparison.Ordinal));
        var known = Directory.GetDirectories(_folder["first/runs"], "staged-*").Where(run => RunFolder.HasCheckpoint(run, 1)).Select(Path.GetFileName).ToList();
        Assert.Single(known);

        Directory.Move(_folder["first"], _folder["moved"]);
        await UntilAny("moved", step: 20, ["experiment", "run", "--resume", _folder["moved"], "--slots", "2"], run => run.StartsWith("staged-", StringComparison.Ordinal) && !known.Contains(run));

        Assert.False(Directory.Exists(_folder["first"]));
    }

    [Fact]
    public async Task A_folder_in_that_of_another_run_is_not_resumed()
    {
        foreach (var name in new[] { "outer", "outer/copies/inner" })
        {
            Directory.CreateDirectory(_folder[$"{name}/state"]);
            await File.WriteAllTextAsync(_folder[$"{name}/spec.yaml"], await File.ReadAllTextAsync(_folder.Spec(), TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        }

        var (exit, output) = await TemperProcess.Run("run", "--resume", _folder["outer/copies/inner"]);

        Assert.Equal(1, exit);
        Assert.Equal(
            $"temper: {_folder["outer/copies/inner"]} lies in {_folder["outer"]}, the output folder of 'small': one would delete what the other writes. Move it out of there, and resume it where it lies then.",
            Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    /// <summary>Runs a command until it has saved the checkpoint of a step, and interrupts it; the last checkpoint that it saved.</summary>
    private static async Task<int> UntilSaved(int step, string[] command, string output)
    {
        await using var run = TemperProcess.Start(command);
        await Processes.Until(() => RunFolder.HasCheckpoint(output, step), $"the checkpoint of step {step} or a later one");
        run.Signal("INT");
        Assert.Equal(130, await run.Exit());
        return RunFolder.Checkpoints(output).Keys.Max();
    }

    /// <summary>Runs an experiment until one of certain runs has saved the checkpoint of a step, and interrupts it.</summary>
    private async Task UntilAny(string output, int step, string[] command, Func<string, bool> isMeant)
    {
        await using var experiment = TemperProcess.Start(command);
        await Processes.Until(
            () => Directory.Exists(_folder[$"{output}/runs"]) && Directory.GetDirectories(_folder[$"{output}/runs"]).Any(run => isMeant(Path.GetFileName(run)) && RunFolder.HasCheckpoint(run, step)),
            $"a checkpoint of step {step} in {output}");
        experiment.Signal("INT");
        Assert.Equal(130, await experiment.Exit());
    }

    private static List<(string, long, DateTime)> Contents(string folder) =>
        [.. new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Select(file => (file.FullName, file.Length, file.LastWriteTimeUtc)).Order()];

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
}
