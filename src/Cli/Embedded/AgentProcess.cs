using System.Diagnostics;
using System.Globalization;
using Temper.Cli.Commands;
using Temper.Worker.Agents;

namespace Temper.Cli.Embedded;

/// <summary>An agent as a child process that is started again when it dies, and that ends with this process.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LogLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly LogFile _log;

    /// <summary>Starts an agent with <paramref name="slots"/> slots; its lines go to <paramref name="logFile"/>.</summary>
    public AgentProcess(Uri coordinator, string token, int slots, string logFile)
    {
        _log = new LogFile(logFile);
        _running = KeepRunning(coordinator, token, slots);
    }

    /// <summary>Ends the agent and its trainers.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        await _log.DisposeAsync().AsTask().WaitAsync(LogLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task KeepRunning(Uri coordinator, string token, int slots)
    {
        while (!_stop.IsCancellationRequested)
        {
            using var process = Start(coordinator, token, slots);
            // The end of its input tells it to end its trainers and itself.
            await using var ending = _stop.Token.Register(process.StandardInput.Close);
            await using var insisting = _stop.Token.Register(() => _ = KillIfItStays(process));
            // Read whatever becomes of the file: an agent must never wait for its log.
            while (await process.StandardError.ReadLineAsync() is { } line)
            {
                _log.Write(line);
            }

            await process.WaitForExitAsync();
            if (!_stop.IsCancellationRequested)
            {
                _log.Write($"the agent ended with exit code {process.ExitCode}; it is started again");
                await Task.Delay(RestartPause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // One that was stopped does not hear the end of its input.
    private static async Task KillIfItStays(Process process)
    {
        await Task.Delay(EndLimit);
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended, as it should.
        }
    }

    private static Process Start(Uri coordinator, string token, int slots)
    {
        var start = new ProcessStartInfo(Self.Command[0]) { RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false };
        string[] arguments = [.. Self.Command.Skip(1), "agent", "--server", coordinator.ToString(), "--id", "local", "--slots", slots.ToString(CultureInfo.InvariantCulture), AgentCommand.EndWithInput];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[AgentOptions.TokenVariable] = token;
        // An agent may be killed; then nobody would remove the runtime's diagnostic socket from the temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException($"{Self.Command[0]} did not start.");
    }
}
