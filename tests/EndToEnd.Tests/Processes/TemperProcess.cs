using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>The real program as a child process.</summary>
internal static class TemperProcess
{
    /// <summary>Starts <c>temper</c> with these arguments.</summary>
    public static ChildProcess Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        ChildProcess.Start(Path.Combine(AppContext.BaseDirectory, "temper"), arguments, AppContext.BaseDirectory, environment);

    /// <summary>Runs <c>temper</c> to its end.</summary>
    public static Task<(int ExitCode, string Output)> Run(params string[] arguments) => RunIn(new Dictionary<string, string>(), arguments);

    /// <summary>Runs <c>temper</c> to its end, with more environment variables.</summary>
    public static Task<(int ExitCode, string Output)> RunIn(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        ChildProcess.Run(Path.Combine(AppContext.BaseDirectory, "temper"), arguments, AppContext.BaseDirectory, environment);
}
