using System.ComponentModel;
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

    private const int KeptLines = 6;
    private const int KeptCharacters = 400;

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<string> _lastLines = [];
    private readonly ProcessStartInfo _command;
    private readonly LogFile _log;
    private readonly Task _running;

    /// <summary>Starts an agent.</summary>
    /// <param name="command">Starts it; standard input and error are redirected.</param>
    /// <param name="logFile">Gets its lines, where it can be written.</param>
    public AgentProcess(ProcessStartInfo command, string logFile)
    {
        _command = command;
        _log = new LogFile(logFile);
        _running = KeepRunning();
    }

    /// <summary>The last lines that are not alike, oldest first, each cut to some 400 characters: what an agent says that does not start is the same each time.</summary>
    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lastLines];
            }
        }
    }

    /// <summary>The command of an agent with <paramref name="slots"/> slots.</summary>
    public static ProcessStartInfo Command(Uri coordinator, string token, int slots)
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
        return start;
    }

    /// <summary>Ends the agent and its trainers.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        await _log.DisposeAsync().AsTask().WaitAsync(LogLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task KeepRunning()
    {
        while (!_stop.IsCancellationRequested)
        {
            var ended = await RunOnce();
            if (!_stop.IsCancellationRequested)
            {
                Note($"{ended}; it is started again");
                await Task.Delay(RestartPause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // How it ended.
    private async Task<string> RunOnce()
    {
        Process process;
        try
        {
            process = Process.Start(_command)!;
        }
        catch (Win32Exception e)
        {
            // No memory or no process left, for instance: there may be later.
            return $"the agent cannot be started: {e.Message}";
        }

        using (process)
        {
            // The end of its input tells it to end its trainers and itself.
            await using var ending = _stop.Token.Register(process.StandardInput.Close);
            await using var insisting = _stop.Token.Register(() => _ = KillIfItStays(process));
            // Read whatever becomes of the file: an agent must never wait for its log.
            while (await process.StandardError.ReadLineAsync() is { } line)
            {
                Note(line);
            }

            await process.WaitForExitAsync();
            return $"the agent ended with exit code {process.ExitCode}";
        }
    }

    private void Note(string line)
    {
        _log.Write(line);
        var cut = line.Length > KeptCharacters ? line[..KeptCharacters] + "…" : line;
        lock (_lock)
        {
            _lastLines.Remove(cut);
            _lastLines.Add(cut);
            if (_lastLines.Count > KeptLines)
            {
                _lastLines.RemoveAt(0);
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
}
