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

    private static IReadOnlyList<string> References(string? backend)
    {
        var start = new ProcessStartInfo(Repository.Tool("dotnet")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["msbuild", Path.Combine(Repository.Root, "src", "Worker", "Worker.csproj"), "-getItem:PackageReference", .. backend is null ? [] : new[] { $"-p:TorchBackend={backend}" }])
        {
            start.ArgumentList.Add(argument);
        }

        using var msbuild = Process.Start(start)!;
        var output = msbuild.StandardOutput.ReadToEnd();
        msbuild.WaitForExit();
        Assert.True(msbuild.ExitCode == 0, output);
        return [.. JsonNode.Parse(output)!["Items"]!["PackageReference"]!.AsArray().Select(item => (string)item!["Identity"]!)];
    }
}
