using System.Diagnostics;
using System.Globalization;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>The processes below a process, as the kernel lists them.</summary>
internal static class Processes
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Ids of the descendants of <paramref name="ancestor"/> whose first argument is <paramref name="verb"/>.</summary>
    public static IReadOnlyList<int> Below(int ancestor, string verb) =>
        [.. All().Where(process => Verb(process) == verb && Ancestors(process).Contains(ancestor))];

    /// <summary>Whether the process is there and not merely unburied.</summary>
    public static bool Lives(int process) => Directory.Exists($"/proc/{process}") && Stat(process) is { State: not 'Z' };

    /// <summary>Waits until something holds, looking every 20 ms.</summary>
    public static async Task Until(Func<bool> holds, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(watch.Elapsed < Limit, $"this did not come true within {Limit}: {what}");
            await Task.Delay(20);
        }
    }

    private static IEnumerable<int> All() =>
        Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture));

    private static IEnumerable<int> Ancestors(int process)
    {
        for (var parent = Stat(process)?.Parent; parent > 0; parent = Stat(parent.Value)?.Parent)
        {
            yield return parent.Value;
        }
    }

    private static string? Verb(int process)
    {
        try
        {
            var arguments = File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
            return arguments.Length > 1 && Path.GetFileName(arguments[0]) == "temper" ? arguments[1] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static (char State, int Parent)? Stat(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
