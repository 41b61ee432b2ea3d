using System.Diagnostics;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>A program without a libtorch of its own takes the one that TEMPER_LIBTORCH names.</summary>
[Collection("processes")]
public sealed class LibtorchFolderTests : IDisposable
{
    private static readonly string s_native = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Training_with_a_libtorch_from_elsewhere_is_the_same_training()
    {
        var spec = _folder.Spec(steps: 20, workers: 1);
        var usual = await TemperProcess.Run("run", spec, "--output", _folder["usual"]);
        Assert.True(usual.ExitCode == 0, usual.Output);

        var (exit, output) = RunWithoutLibtorch(s_native, "run", spec, "--output", _folder["elsewhere"]);

        Assert.True(exit == 0, output);
        Assert.Equal(RunFolder.Losses(_folder["usual"]), RunFolder.Losses(_folder["elsewhere"]));
    }

    [Fact]
    public void A_folder_without_libtorch_is_named_with_what_it_lacks()
    {
        var model = _folder["rows.jsonl"];
        File.WriteAllText(model, "{\"input_ids\":[5,1]}");

        var (exit, output) = RunWithoutLibtorch(_folder["."], "decode", "--model", _folder["."], "--input", model, "--output", _folder["out.jsonl"]);

        Assert.Equal(1, exit);
        Assert.StartsWith($"temper: TEMPER_LIBTORCH names '{_folder["."]}', which lacks libc10.so, libtorch_cpu.so, libtorch.so.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_has_a_libtorch_does_not_load_a_second_one()
    {
        File.WriteAllText(_folder["rows.jsonl"], "{\"input_ids\":[5,1]}");
        await using var decode = TemperProcess.Start(
            ["decode", "--model", _folder["."], "--input", _folder["rows.jsonl"], "--output", _folder["out.jsonl"]],
            new Dictionary<string, string> { ["TEMPER_LIBTORCH"] = s_native });

        Assert.Equal(1, await decode.Exit());
        Assert.Contains("Build it with -p:TorchBackend=path, or unset TEMPER_LIBTORCH.", decode.Output, StringComparison.Ordinal);
    }

    /// <summary>Runs a copy of the program as a build with -p:TorchBackend=path leaves it: TorchSharp's library is there, libtorch is not.</summary>
    private (int ExitCode, string Output) RunWithoutLibtorch(string libtorch, params string[] arguments)
    {
        var program = _folder["program"];
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory, "*.dll").Append(Path.Combine(AppContext.BaseDirectory, "temper.runtimeconfig.json")).Concat(Directory.GetFiles(s_native, "libLib*")).Concat(Directory.GetFiles(s_native, "libe_*")))
        {
            var copy = Path.Combine(program, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        // What the host is told of must be there.
        var described = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "temper.deps.json")))!;
        foreach (var (package, content) in described["targets"]!.AsObject().SelectMany(target => target.Value!.AsObject()))
        {
            if (package.StartsWith("libtorch", StringComparison.Ordinal))
            {
                content!.AsObject().Remove("runtimeTargets");
                content.AsObject().Remove("native");
            }
        }

        File.WriteAllText(Path.Combine(program, "temper.deps.json"), described.ToJsonString());

        var start = new ProcessStartInfo(Repository.Tool("dotnet")) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        start.Environment["TEMPER_LIBTORCH"] = libtorch;
        foreach (var argument in (string[])[Path.Combine(program, "temper.dll"), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error.GetAwaiter().GetResult() + output);
    }
}
