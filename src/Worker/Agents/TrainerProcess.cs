using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Worker.Observability;

namespace Temper.Worker.Agents;

/// <summary>
/// A trainer as a child process: started with its assignment, watched, ended. Its events are kept until the coordinator has
/// acknowledged them. If it ends without a reason, falls silent or makes no progress, the agent adds an event that says so.
/// </summary>
/// <remarks>
/// Each pipe has a thread of its own, and the log another: a process that does not read, a folder that hangs or a line that is nonsense holds up
/// neither the heartbeat nor other trainers. No method waits for the process.
/// </remarks>
internal sealed class TrainerProcess : IDisposable
{
    // Evaluations with their samples are the longest events. A longer line is not an event.
    private const int LongestEvent = 4 << 20;
    private const int LongestLine = 1 << 16;

    // How long to read on after the process is gone: a child of it that lives on may hold the pipes open forever.
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Process _process;
    private readonly List<string> _unacknowledged = [];
    private readonly Channel<string> _sent = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TimeProvider _time;
    private readonly LogFile _log;
    private readonly AgentMetrics _metrics;
    private readonly Action<Process> _kill;
    private readonly TimeSpan _progressLimit;
    private RankSeconds _spent = new(0, 0, 0, 0);
    private long _firstSequence;
    private long _lastLine;
    private long _lastProgressAt;
    private long _progress = -1;
    private bool _hasEnded;
    private bool _saidLastWord;
    private volatile bool _wasKilled;
    private bool _sentOffers;
    private long _toldStored;
    private bool _sentStop;

    private TrainerProcess(TrainerOrder order, TimeSpan progressLimit, Process process, LogFile log, TimeProvider time, AgentMetrics metrics, Action<Process> kill)
    {
        Order = order;
        ProcessId = process.Id;
        _progressLimit = progressLimit;
        _process = process;
        _log = log;
        _time = time;
        _metrics = metrics;
        _kill = kill;
        _lastLine = _lastProgressAt = time.GetTimestamp();
        _sent.Writer.TryWrite(order.Assignment);
        // The streams are taken here, since the process may be disposed of at any time.
        var (input, output, errors) = (process.StandardInput, process.StandardOutput.BaseStream, process.StandardError.BaseStream);
        OnThread("commands", () => WriteCommands(input));
        Ended = FollowToEnd([OnThread("events", () => ReadLines(output, LongestEvent, Hear)), OnThread("errors", () => ReadLines(errors, LongestLine, Log))]);
    }

    /// <summary>The order that it was started for.</summary>
    public TrainerOrder Order { get; }

    /// <summary>Operating-system id of the process.</summary>
    public int ProcessId { get; }

    /// <summary>Completes when the process is gone and all its output has been read; never fails.</summary>
    public Task Ended { get; }

    /// <summary>Whether <see cref="Ended"/> has completed: until then its slot and its memory are taken.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_lock)
            {
                return _hasEnded;
            }
        }
    }

    /// <summary>What it said since the last acknowledgement, in lines.</summary>
    public int UnacknowledgedCount
    {
        get
        {
            lock (_lock)
            {
                return _unacknowledged.Count;
            }
        }
    }

    /// <summary>Memory of the process; 0 when it has just ended.</summary>
    public long ResidentBytes
    {
        get
        {
            try
            {
                _process.Refresh();
                return _process.WorkingSet64;
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or IOException)
            {
                return 0;
            }
        }
    }

    /// <summary>Starts a trainer for <paramref name="order"/>.</summary>
    /// <param name="order">What to train.</param>
    /// <param name="options">The command.</param>
    /// <param name="time">Measures silence.</param>
    /// <param name="metrics">Where it is counted.</param>
    /// <param name="kill">Ends a process without asking it.</param>
    /// <exception cref="JsonException">The assignment cannot be read.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The command cannot be started.</exception>
    public static TrainerProcess Start(TrainerOrder order, AgentOptions options, TimeProvider time, AgentMetrics metrics, Action<Process>? kill = null)
    {
        var assignment = ProtocolJson.Read<TrainerAssignment>(order.Assignment);
        var start = new ProcessStartInfo(options.TrainerCommand[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in options.TrainerCommand.Skip(1).Append("--advertise").Append(options.AdvertisedAddress))
        {
            start.ArgumentList.Add(argument);
        }

        // Only the agent talks to the coordinator.
        start.Environment.Remove(AgentOptions.TokenVariable);
        foreach (var (name, value) in TrainerEnvironment.Variables(order.Slot, assignment.Spec.Threads))
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{options.TrainerCommand[0]} did not start.");
        var log = new LogFile(Path.Combine(assignment.OutputDirectory, "logs", $"epoch-{order.Epoch}-rank-{order.Rank}.log"));
        return new TrainerProcess(order, TimeSpan.FromSeconds(assignment.Spec.Recovery.ProgressTimeoutSeconds), process, log, time, metrics, kill ?? (process => process.Kill()));
    }

    /// <summary>What it said since the last acknowledgement, as the coordinator wants it.</summary>
    public TrainerReport Report(int atMost)
    {
        lock (_lock)
        {
            var all = _unacknowledged.Count <= atMost;
            return new TrainerReport(
                Order.RunId,
                Order.Epoch,
                Order.Rank,
                _hasEnded && all ? TrainerProcessState.Ended : TrainerProcessState.Running,
                _firstSequence,
                [.. _unacknowledged.Take(atMost)]);
        }
    }

    /// <summary>Follows a newer order for the same trainer: drops stored events, passes on offers and the request to stop.</summary>
    public void Follow(TrainerOrder order)
    {
        lock (_lock)
        {
            var stored = (int)Math.Clamp(order.Acknowledged - _firstSequence, 0, _unacknowledged.Count);
            _unacknowledged.RemoveRange(0, stored);
            _firstSequence += stored;
        }

        if (_firstSequence > _toldStored)
        {
            _toldStored = _firstSequence;
            Send(new TrainerCommand(Stored: _firstSequence));
        }

        if (order.Offers is { } offers && !_sentOffers)
        {
            _sentOffers = true;
            Send(new TrainerCommand(Offers: offers));
        }

        if (order.Stop)
        {
            Stop();
        }
    }

    /// <summary>The agent is shutting down: asks the trainer to save and stop, or kills it if it cannot have anything to save.</summary>
    public void Drain()
    {
        if (_sentOffers)
        {
            Stop();
            return;
        }

        // It is not connected to the other ranks: nothing was trained since its start checkpoint.
        BlameIfAlive(FailureCauses.AgentDrained, "was ended before it began to train, since its agent is to end");
    }

    /// <summary>Kills the process for a reason that is not its run's fault, and adds an event that says so.</summary>
    /// <param name="why">What became of the trainer; the end of a sentence.</param>
    public void LetGo(string why) => BlameIfAlive(FailureCauses.AgentLost, why);

    /// <summary>Kills the process if it is silent or stuck, and adds an event that says so.</summary>
    public void Watch(TimeSpan silenceLimit)
    {
        lock (_lock)
        {
            if (_hasEnded || _saidLastWord)
            {
                return;
            }

            if (_time.GetElapsedTime(_lastLine) > silenceLimit)
            {
                Blame(FailureCauses.TrainerSilent, $"said nothing for {silenceLimit.TotalSeconds:0} seconds (stopped, or its machine is stuck)");
            }
            else if (_time.GetElapsedTime(_lastProgressAt) > _progressLimit)
            {
                Blame(FailureCauses.NoProgress, $"made no progress for {_progressLimit.TotalSeconds:0} seconds");
            }
        }
    }

    /// <summary>Kills the process, also a stopped one; one in uninterruptible sleep ends when it wakes up. Does not wait.</summary>
    public void Kill()
    {
        _wasKilled = true;
        try
        {
            _kill(_process);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has already ended; or it cannot be killed, and is still listed.
        }
    }

    /// <summary>Kills the process and releases it.</summary>
    public void Dispose()
    {
        Kill();
        _sent.Writer.TryComplete();
        _process.Dispose();
    }

    private static Task OnThread(string name, Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            work();
            done.SetResult();
        })
        { IsBackground = true, Name = name }.Start();
        return done.Task;
    }

    private async Task FollowToEnd(Task[] readers)
    {
        await Task.WhenAny(_process.WaitForExitAsync()).ConfigureAwait(false);
        await Task.WhenAny(Task.WhenAll(readers), Task.Delay(s_lastWords, _time)).ConfigureAwait(false);
        _sent.Writer.TryComplete();
        await Task.WhenAny(_log.DisposeAsync().AsTask(), Task.Delay(s_lastWords, _time)).ConfigureAwait(false);
        lock (_lock)
        {
            if (!_saidLastWord)
            {
                Say(new TrainerEvent.Failed(FailureCauses.TrainerDied, $"The trainer of rank {Order.Rank} {HowItEnded()}; see logs/epoch-{Order.Epoch}-rank-{Order.Rank}.log.", Order.Rank));
            }

            _hasEnded = true;
        }
    }

    private string HowItEnded()
    {
        try
        {
            return _process.ExitCode > 128 ? $"was ended by signal {_process.ExitCode - 128}" : $"ended with exit code {_process.ExitCode}";
        }
        catch (InvalidOperationException)
        {
            return "ended";
        }
    }

    /// <summary>Reads a stream to its end. The trainer must never block on a full pipe: if the stream cannot be read it is closed.</summary>
    private void ReadLines(Stream stream, int longest, Action<string> hear)
    {
        using (var lines = new LineReader(stream, longest))
        {
            try
            {
                while (lines.Read() is var (text, cut))
                {
                    if (cut > 0)
                    {
                        Log($"{text} ({cut} characters more)");
                    }
                    else
                    {
                        hear(text);
                    }
                }
            }
            catch (Exception e)
            {
                // An exception on a thread would end the agent and all its trainers.
                Log($"What the trainer says cannot be read: {e.Message}");
            }
        }
    }

    private void Hear(string line)
    {
        if (TrainerEvent.Read(line) is not { } heard)
        {
            // A native library wrote to standard output: it goes to the log.
            Log(line);
            return;
        }

        lock (_lock)
        {
            _lastLine = _time.GetTimestamp();
            if (heard is not TrainerEvent.Alive alive)
            {
                Say(heard, line);
                return;
            }

            if (alive.Progress != _progress)
            {
                _progress = alive.Progress;
                _lastProgressAt = _lastLine;
            }

            if (alive.Spent is { } spent)
            {
                _metrics.CountSpent(Order.Slot, _spent, spent);
                _spent = spent;
            }
        }
    }

    private void Say(TrainerEvent word, string? line = null)
    {
        if (!_saidLastWord)
        {
            _unacknowledged.Add(line ?? ProtocolJson.Write(word));
            if (word is TrainerEvent.Failed failed && !_wasKilled)
            {
                _metrics.CountFailure(failed.Cause);
            }

            _saidLastWord = word is TrainerEvent.Finished or TrainerEvent.Stopped or TrainerEvent.Failed;
        }
    }

    private void BlameIfAlive(string cause, string what)
    {
        lock (_lock)
        {
            if (!_hasEnded && !_saidLastWord)
            {
                Blame(cause, what);
            }
        }
    }

    private void Blame(string cause, string what)
    {
        Say(new TrainerEvent.Failed(cause, $"The trainer of rank {Order.Rank} {what}.", Order.Rank));
        Kill();
    }

    private void Stop()
    {
        if (!_sentStop)
        {
            _sentStop = true;
            Send(new TrainerCommand(Stop: true));
        }
    }

    private void Send(TrainerCommand command) => _sent.Writer.TryWrite(ProtocolJson.Write(command));

    private void WriteCommands(StreamWriter input)
    {
        try
        {
            // The trainer ends when its standard input is closed.
            using (input)
            {
                foreach (var line in _sent.Reader.ReadAllAsync().ToBlockingEnumerable())
                {
                    input.WriteLine(line);
                    input.Flush();
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It has already ended.
        }
    }

    private void Log(string line) => _log.Write(line);
}
