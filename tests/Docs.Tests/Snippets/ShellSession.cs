using System.Diagnostics;
using System.Globalization;
using System.Text;
using Temper.TestKit;

namespace Temper.Docs.Tests.Snippets;

/// <summary>
/// What a reader does who follows a page: saves its files and enters its commands in one shell, in an empty folder with the examples beside.
/// </summary>
internal sealed class ShellSession : IDisposable
{
    private const string Mark = "@@ block ";
    // Only against what hangs.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(40);
    // Other coordinators may run on this machine.
    private readonly ReservedPort _port = new();
    private readonly string _root = Directory.CreateTempSubdirectory("temper-docs-").FullName;

    public ShellSession()
    {
        Folder = Directory.CreateDirectory(Path.Combine(_root, "work")).FullName;
        var programs = Directory.CreateDirectory(Path.Combine(_root, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "temper"), Path.Combine(AppContext.BaseDirectory, "temper"));
        Directory.CreateSymbolicLink(Path.Combine(Folder, "examples"), Path.Combine(Repository.Root, "examples"));
    }

    /// <summary>Where the reader works.</summary>
    public string Folder { get; }

    /// <summary>Does what the blocks say, in order.</summary>
    /// <returns>Whether all went well, and what each block of commands printed.</returns>
    public (bool Succeeded, IReadOnlyDictionary<int, string> Printed) Follow(IEnumerable<Block> blocks)
    {
        var (script, log) = (Path.Combine(_root, "script.sh"), Path.Combine(_root, "log.txt"));
        File.WriteAllText(script, Script(blocks));
        var start = new ProcessStartInfo("bash", ["-c", "exec bash \"$0\" > \"$1\" 2>&1 < /dev/null", script, log]) { WorkingDirectory = Folder };
        // What pays off in minutes costs time in processes that live for seconds.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["PATH"] = $"{Path.Combine(_root, "bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.StartsWith("TEMPER_", StringComparison.Ordinal) && name != "TEMPER_CACHE"))
        {
            start.Environment.Remove(name);
        }

        using var shell = Process.Start(start)!;
        var ended = shell.WaitForExit(s_limit);
        if (!ended)
        {
            shell.Kill(entireProcessTree: true);
            shell.WaitForExit();
        }

        var printed = File.ReadAllText(log).Split(Mark).Skip(1).Select(part => part.Split('\n', 2))
            .ToDictionary(part => int.Parse(part[0], CultureInfo.InvariantCulture), part => part[1]);
        return (ended && shell.ExitCode == 0, printed);
    }

    public void Dispose()
    {
        _port.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private string Script(IEnumerable<Block> blocks)
    {
        var script = new StringBuilder("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n");
        foreach (var block in blocks)
        {
            var text = block.Text.Replace("dotnet run --project src/Cli --", "temper", StringComparison.Ordinal).Replace(":5080", $":{_port}", StringComparison.Ordinal);
            script.Append(block.Language == "sh"
                ? $"echo '{Mark}{block.Line}'\n{text}\n"
                : $"cat > '{block.SavedAs}' <<'END OF {block}'\n{text}\nEND OF {block}\n");
        }

        return script.ToString();
    }
}
