using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Coordinator.Reports;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Worker.Model;

namespace Temper.Cli.Commands;

/// <summary>Turns what went wrong into a line that says so, instead of a stack trace.</summary>
internal static class Failures
{
    /// <summary>Environment variable that brings the stack trace back.</summary>
    private const string Debug = "TEMPER_DEBUG";

    /// <summary>Runs a command; explains its failure on standard error.</summary>
    public static async Task<int> Explain(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception e) when (Environment.GetEnvironmentVariable(Debug) is null or "")
        {
            switch (e)
            {
                case SpecException spec:
                    foreach (var line in SpecErrorsView.Lines("The spec", spec.Errors))
                    {
                        await Console.Error.WriteLineAsync(line);
                    }

                    return ExitCodes.Usage;
                case OperationCanceledException:
                    return ExitCodes.Interrupted;
                default:
                    var hint = IsForeseen(e) ? "" : $" ({e.GetType().Name}; with {Debug}=1 the stack trace is shown)";
                    await Console.Error.WriteLineAsync($"temper: {SafeText.OneLine(e.Message)}{hint}");
                    return ExitCodes.Failure;
            }
        }
    }

    // Those whose message says all that the user needs.
    private static bool IsForeseen(Exception e) =>
        e is TemperApiException or SourceException or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or FormatException or TimeoutException or PlatformNotSupportedException or NonFiniteException;
}
