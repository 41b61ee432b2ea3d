using System.Text.Json;
using Temper.Mixture.Tasks;

namespace Temper.Cli.Commands;

/// <summary>Turns what went wrong into a line that says so, instead of a stack trace.</summary>
internal static class Failures
{
    /// <summary>Runs a command; explains its failure on standard error.</summary>
    public static async Task<int> Explain(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (SpecException e)
        {
            foreach (var error in e.Errors)
            {
                await Console.Error.WriteLineAsync(error.ToString());
            }

            return ExitCodes.Usage;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or HttpRequestException or JsonException or TimeoutException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"temper: {e.Message}");
            return ExitCodes.Failure;
        }
    }
}
