namespace Temper.Cli.Embedded;

/// <summary>
/// The folder that one embedded run or experiment writes to. What is never accepted leaves nothing behind: unless <see cref="Keep"/> was called,
/// disposing of it clears the folder.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    // Says that something was accepted here, and --resume what it was.
    private const string SpecFile = "spec.yaml";
    private readonly bool _existed;
    private bool _isKept;

    private OutputFolder(string path)
    {
        Path = path;
        _existed = Directory.Exists(path);
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Folder of what trainers and agent log.</summary>
    public string Logs => System.IO.Path.Combine(Path, "logs");

    /// <summary>The folder that was asked for, which must be empty, or a new one below <c>runs</c>.</summary>
    /// <param name="asked">What was asked for.</param>
    /// <param name="name">Names a new one; null for a spec that cannot be read.</param>
    /// <param name="command">The command that goes on with what lies in a folder.</param>
    public static OutputFolder Claim(DirectoryInfo? asked, string? name, string command)
    {
        var path = asked?.FullName ?? Fresh(name ?? "rejected");
        return Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()
            ? throw new IOException($"{path} is not empty. Give --output a new folder, or go on with what is there: {command} --resume {path}")
            : new OutputFolder(path);
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
    }

    public void Dispose()
    {
        if (_isKept || !Directory.Exists(Path))
        {
            return;
        }

        Directory.Delete(Path, recursive: true);
        if (_existed)
        {
            Directory.CreateDirectory(Path);
        }
    }

    private static string Fresh(string name)
    {
        var path = System.IO.Path.Combine(Environment.CurrentDirectory, "runs", name);
        for (var number = 2; Directory.Exists(path); number++)
        {
            path = System.IO.Path.Combine(Environment.CurrentDirectory, "runs", $"{name}-{number}");
        }

        return path;
    }
}
