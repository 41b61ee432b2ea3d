using System.Diagnostics;

namespace Temper.Bench;

/// <summary>
/// glibc's allocator, told to keep large blocks: freed and allocated again they are otherwise mapped, and faulted in, anew in every step.
/// The settings are read at start, so the program starts itself again with them.
/// </summary>
internal static class Allocator
{
    private static readonly Dictionary<string, string> s_settings = new(StringComparer.Ordinal)
    {
        ["MALLOC_MMAP_MAX_"] = "0",
        ["MALLOC_TRIM_THRESHOLD_"] = "8589934592",
        ["MALLOC_TOP_PAD_"] = "268435456",
    };

    /// <summary>The exit code of the run with the settings; null if this is that run.</summary>
    public static int? RunAgainWithSettings()
    {
        if (s_settings.Keys.All(name => Environment.GetEnvironmentVariable(name) is not null))
        {
            return null;
        }

        var command = Environment.GetCommandLineArgs();
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(command[0]);
        }

        foreach (var argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in s_settings)
        {
            start.Environment.TryAdd(name, value);
        }

        using var again = Process.Start(start)!;
        again.WaitForExit();
        return again.ExitCode;
    }
}
