using System.Diagnostics;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Worker.Observability;

namespace Temper.Worker.Agents;

/// <summary>
/// A trainer as a child process: started with its assignment, watched, ended. What it says is kept until the coordinator has
/// acknowledged it. If it ends without saying why, or falls silent, or makes no progress, that is added in its name.
/// </summary>
internal sealed class TrainerProcess : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Process _process;
    private readonly List<string> _unacknowledged = [];
    private readonly TimeProvider _time;
    private readonly StreamWriter _log;
    private readonly AgentMetrics _metrics;
    private readonly Task _reading;
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

    private TrainerProcess(TrainerOrder order, TrainerAssignment assignment, Process process, StreamWriter log, TimeProvider time, AgentMetrics metrics)
    {
        Order = order;
        _assignment = assignment;
        _process = process;
        _log = log;
        _time = time;
        _metrics = metrics;
        _lastLine = _lastProgressAt = time.GetTimestamp();
        process.ErrorDataReceived += (_, line) => WriteLog(line.Data);
        process.BeginErrorReadLine();
        _reading = Task.Factory.StartNew(ReadEvents, TaskCreationOptions.LongRunning);
    }

    private readonly TrainerAssignment _assignment;

    /// <summary>What it was started for.</summary>
    public TrainerOrder Order { get; }

    /// <summary>Operating-system id of the process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Whether the process has ended and everything that it said has been read.</summary>
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
            catch (InvalidOperationException)
            {
                return 0;
            }
        }
    }

    /// <summary>Starts a trainer for <paramref name="order"/>.</summary>
    /// <exception cref="JsonException">The assignment cannot be read.</exception>
    public static TrainerProcess Start(TrainerOrder order, AgentOptions options, TimeProvider time, AgentMetrics metrics)
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

        var logs = Directory.CreateDirectory(Path.Combine(assignment.OutputDirectory, "logs"));
        var log = new StreamWriter(Path.Combine(logs.FullName, $"epoch-{order.Epoch}-rank-{order.Rank}.log"), append: true) { AutoFlush = true };
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{options.TrainerCommand[0]} did not start.");
        process.StandardInput.WriteLine(order.Assignment);
        process.StandardInput.Flush();
        return new TrainerProcess(order, assignment, process, log, time, metrics);
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

    /// <summary>Follows a newer order for the same trainer: forgets what is stored, passes on offers and the wish to stop.</summary>
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

        if (order.Stop && !_sentStop)
        {
            _sentStop = true;
            Send(new TrainerCommand(Stop: true));
        }
    }

    /// <summary>Ends the process if it is silent or stuck, and says so in its name.</summary>
    public void Watch(TimeSpan silenceLimit)
    {
        lock (_lock)
        {
            if (_hasEnded || _saidLastWord)
            {
                return;
            }

            var limit = TimeSpan.FromSeconds(_assignment.Spec.Recovery.ProgressTimeoutSeconds);
            if (_time.GetElapsedTime(_lastLine) > silenceLimit)
            {
                Blame(FailureCauses.TrainerSilent, $"said nothing for {silenceLimit.TotalSeconds:0} seconds (stopped, or its machine is stuck)");
            }
            else if (_time.GetElapsedTime(_lastProgressAt) > limit)
            {
                Blame(FailureCauses.NoProgress, $"made no progress for {limit.TotalSeconds:0} seconds");
            }
        }
    }

    /// <summary>Ends the process at once. A stopped process is ended too.</summary>
    public void Kill()
    {
        _wasKilled = true;
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    /// <summary>Ends the process and waits for its end.</summary>
    public void Dispose()
    {
        Kill();
        _reading.Wait(TimeSpan.FromSeconds(5));
        _process.Dispose();
        _log.Dispose();
    }

    private void ReadEvents()
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            Hear(line);
        }

        _process.WaitForExit();
        lock (_lock)
        {
            if (!_saidLastWord)
            {
                var how = _process.ExitCode > 128 ? $"was ended by signal {_process.ExitCode - 128}" : $"ended with exit code {_process.ExitCode}";
                Say(new TrainerEvent.Failed(FailureCauses.TrainerDied, $"The trainer of rank {Order.Rank} {how}; see logs/epoch-{Order.Epoch}-rank-{Order.Rank}.log.", Order.Rank));
            }

            _hasEnded = true;
        }
    }

    private void Hear(string line)
    {
        TrainerEvent heard;
        try
        {
            heard = ProtocolJson.Read<TrainerEvent>(line);
        }
        catch (JsonException)
        {
            // A native library wrote to standard output: keep it for people.
            WriteLog(line);
            return;
        }

        lock (_lock)
        {
            _lastLine = _time.GetTimestamp();
            switch (heard)
            {
                case TrainerEvent.Alive alive:
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

                    return;
            }

            Say(heard, line);
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

    private void Blame(string cause, string what)
    {
        Say(new TrainerEvent.Failed(cause, $"The trainer of rank {Order.Rank} {what}.", Order.Rank));
        Kill();
    }

    private void Send(TrainerCommand command)
    {
        try
        {
            _process.StandardInput.WriteLine(ProtocolJson.Write(command));
            _process.StandardInput.Flush();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or ObjectDisposedException)
        {
            // It has ended: the reader of its output will see that.
        }
    }

    private void WriteLog(string? line)
    {
        if (line is not null)
        {
            lock (_log)
            {
                try
                {
                    _log.WriteLine(line);
                }
                catch (ObjectDisposedException)
                {
                    // A last word while the agent is already letting go.
                }
            }
        }
    }
}
