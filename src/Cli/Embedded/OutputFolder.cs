using Temper.Coordinator.Reports;
using Temper.Mixture.Sources;
using Temper.Planning.Reading;

namespace Temper.Cli.Embedded;

/// <summary>
/// The folder that one embedded run or experiment writes to. What is never accepted leaves nothing behind: unless <see cref="Keep"/> was called,
/// disposing of it deletes what was made in the folder, and nothing else.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    // Says that something was accepted here, and --resume what it was.
    private const string SpecFile = "spec.yaml";

    // Made by one of those that begin in the same folder at the same moment.
    private const string ClaimFile = ".claimed";
    private readonly bool _existed;
    private bool _isKept;

    private OutputFolder(string path, bool existed)
    {
        Path = path;
        _existed = existed;
    }

    /// <summary>Full path, without links.</summary>
    public string Path { get; }

    /// <summary>The folder that was asked for, which must be empty, or a new one below <c>runs</c>. It is made.</summary>
    /// <param name="asked">What was asked for.</param>
    /// <param name="name">Names a new one; null for a spec that cannot be read.</param>
    /// <param name="command">The command that goes on with what lies in a folder.</param>
    /// <exception cref="IOException">It is not empty, or lies in the output folder of another run or experiment.</exception>
    public static OutputFolder Claim(DirectoryInfo? asked, string? name, string command)
    {
        if (asked is not null)
        {
            var path = RealPath.Of(asked.ToString());
            return TryClaim(path) ?? throw new IOException($"{path} is not empty. Give --output a new folder, or go on with what is there: {command} --resume {path}");
        }

        var fresh = System.IO.Path.Combine(Environment.CurrentDirectory, "runs", name ?? "rejected");
        for (var number = 1; ; number++)
        {
            var path = number == 1 ? fresh : $"{fresh}-{number}";
            if (!Directory.Exists(path) && TryClaim(path) is { } claimed)
            {
                return claimed;
            }
        }
    }

    /// <summary>The folder that <c>--resume</c> names, without links. What was started elsewhere and was moved or copied here goes on here.</summary>
    /// <exception cref="IOException">It lies in the output folder of another run or experiment.</exception>
    public static string Resumed(DirectoryInfo folder)
    {
        var path = RealPath.Of(folder.ToString());
        return WrittenFolder.Above(path) is { } above ? throw new IOException($"{Meeting(path, above)} Move it out of there, and resume it where it lies then.") : path;
    }

    /// <summary>The spec of what was accepted in a folder.</summary>
    public static string SpecOf(string path) => File.Exists(System.IO.Path.Combine(path, SpecFile)) && Directory.Exists(System.IO.Path.Combine(path, "state"))
        ? File.ReadAllText(System.IO.Path.Combine(path, SpecFile))
        : throw new DirectoryNotFoundException($"{path} is not the output folder of something that this command started: it has no {SpecFile} or no folder 'state'.");

    /// <summary>What was asked for is accepted: the folder stays.</summary>
    public async Task Keep(string spec)
    {
        _isKept = true;
        await File.WriteAllTextAsync(System.IO.Path.Combine(Path, SpecFile), spec, CancellationToken.None);
        File.Delete(System.IO.Path.Combine(Path, ClaimFile));
    }

    public void Dispose()
    {
        if (_isKept || !Directory.Exists(Path))
        {
            return;
        }

        foreach (var made in ((string[])["logs", "state"]).Select(name => System.IO.Path.Combine(Path, name)).Where(Directory.Exists))
        {
            Directory.Delete(made, recursive: true);
        }

        File.Delete(System.IO.Path.Combine(Path, ClaimFile));
        if (!_existed && !Directory.EnumerateFileSystemEntries(Path).Any())
        {
            Directory.Delete(Path);
        }
    }

    // Null if there is something in it.
    private static OutputFolder? TryClaim(string path)
    {
        if (WrittenFolder.Above(path) is { } above)
        {
            throw new IOException($"{Meeting(path, above)} Give --output a folder outside it.");
        }

        var existed = Directory.Exists(path);
        Directory.CreateDirectory(path);
        if (Directory.EnumerateFileSystemEntries(path).Any())
        {
            return null;
        }

        try
        {
            new FileStream(System.IO.Path.Combine(path, ClaimFile), FileMode.CreateNew, FileAccess.Write).Dispose();
        }
        catch (IOException) when (File.Exists(System.IO.Path.Combine(path, ClaimFile)))
        {
            // Somebody else was quicker.
            return null;
        }

        return new OutputFolder(path, existed);
    }

    private static string Meeting(string path, string above) => $"{path} lies in {above}, the output folder of {Owner(above)}: one would delete what the other writes.";

    // As its spec calls it, where one lies there.
    private static string Owner(string folder)
    {
        var file = System.IO.Path.Combine(folder, SpecFile);
        var name = File.Exists(file) && File.ReadAllText(file) is var text ? SpecReader.Read(text).Value?.Name ?? ExperimentReader.Read(text).Value?.Name : null;
        return name is null ? "another run" : $"'{name}'";
    }
}
