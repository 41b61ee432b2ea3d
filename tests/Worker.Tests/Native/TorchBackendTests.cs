using System.Diagnostics;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.Worker.Tests.Native;

/// <summary>Which libtorch a build takes, as MSBuild itself evaluates the project; nothing is restored.</summary>
public class TorchBackendTests
{
    [Theory]
    [InlineData(null, "TorchSharp-cpu")]
    [InlineData("cpu", "TorchSharp-cpu")]
    [InlineData("cuda", "TorchSharp-cuda-linux")]
    [InlineData("path", null)]
    public void Each_backend_has_its_package(string? backend, string? package)
    {
        var references = References(backend);

        Assert.Contains("TorchSharp", references);
        Assert.Equal(package is null ? [] : [package], references.Where(name => name.StartsWith("TorchSharp-", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_backend_that_there_is_not_ends_the_build_with_a_word()
    {
        var (exit, output) = MsBuild("-t:CheckTorchBackend", "-p:TorchBackend=cdua");

        Assert.NotEqual(0, exit);
        Assert.Contains("There is no TorchBackend 'cdua'. Build with -p:TorchBackend=cpu, cuda,", output, StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> References(string? backend)
    {
        var (exit, output) = MsBuild(["-getItem:PackageReference", .. backend is null ? [] : new[] { $"-p:TorchBackend={backend}" }]);
        Assert.True(exit == 0, output);
        return [.. JsonNode.Parse(output)!["Items"]!["PackageReference"]!.AsArray().Select(item => (string)item!["Identity"]!)];
    }

    private static (int Exit, string Output) MsBuild(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Repository.Tool("dotnet")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments.Prepend(Path.Combine(Repository.Root, "src", "Worker", "Worker.csproj")).Prepend("msbuild"))
        {
            start.ArgumentList.Add(argument);
        }

        using var msbuild = Process.Start(start)!;
        var output = msbuild.StandardOutput.ReadToEnd();
        msbuild.WaitForExit();
        return (msbuild.ExitCode, output);
    }
}
