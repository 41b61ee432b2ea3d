namespace Temper.Cli.Embedded;

/// <summary>How to start this program again.</summary>
internal static class Self
{
    /// <summary>Program and first arguments: the executable, or dotnet and the assembly.</summary>
    public static IReadOnlyList<string> Command { get; } =
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? [Environment.ProcessPath!, typeof(Self).Assembly.Location]
            : [Environment.ProcessPath!];
}
