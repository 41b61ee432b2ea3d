using System.Diagnostics;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Worker.Checkpoints;
using Temper.Worker.Devices;
using Temper.Worker.Observability;

namespace Temper.Worker.Agents;

/// <summary>
/// Runs trainers as the coordinator orders. Once a second it sends a heartbeat with the current state and receives the desired state. While the coordinator is
/// unreachable trainers continue, and their events are kept.
/// </summary>
/// <param name="options">Its id, its slots and its coordinators.</param>
/// <param name="time">Its clock.</param>
/// <param name="log">Where lines for people go.</param>
/// <param name="metrics">Its metrics.</param>
public sealed class Agent(AgentOptions options, TimeProvider time, Action<string> log, AgentMetrics metrics)
{
    // Keeps heartbeats small; further events go with the next one.
    private const int EventsPerHeartbeat = 400;

    // How long a stopping agent waits for killed processes.
    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(1);

    private readonly string _session = Guid.NewGuid().ToString("N");
    private readonly List<TrainerProcess> _trainers = [];
    private readonly HashSet<(string RunId, long Epoch, int Rank)> _pending = [];
    private readonly Dictionary<(string RunId, long Epoch, int Rank), string> _unstartable = [];
    private long _heartbeats;
    private long _lastAnswer = time.GetTimestamp();
    private long? _drainingSince;
    private string _lastTrouble = "";

    /// <summary>Kills a process. Tests replace it, to simulate a process in uninterruptible sleep.</summary>
    internal Action<Process>? KillProcess { get; init; }

    /// <summary>Runs until it is asked to end.</summary>
    /// <param name="drain">Cancelled for an orderly end: it takes no new work, and ends when its trainers have saved and stopped, or the grace period is over.</param>
    /// <param name="ct">Cancelled when it should end at once, with its trainers.</param>
    public async Task Run(CancellationToken drain, CancellationToken ct)
    {
        await using var link = new CoordinatorLink(options);
        await Run(link.Heartbeat, drain, ct);
    }

    /// <summary>The same, with another transport.</summary>
    internal async Task Run(Func<AgentHeartbeat, CancellationToken, Task<AgentOrders>> send, CancellationToken drain, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(options.HeartbeatInterval, time);
        metrics.Describe(options.AgentId, options.Slots, () => time.GetElapsedTime(Volatile.Read(ref _lastAnswer)));
        try
        {
            while (await Beat(send, drain.IsCancellationRequested, ct))
            {
                await timer.WaitForNextTickAsync(ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The agent was asked to end.
        }
        finally
        {
            _trainers.ForEach(trainer => trainer.Kill());
            await Task.WhenAny(Task.WhenAll(_trainers.Select(trainer => trainer.Ended)), Task.Delay(s_endLimit, time, CancellationToken.None));
            _trainers.ForEach(trainer => trainer.Dispose());
        }
    }

    /// <summary>One heartbeat, and applying the orders in its answer. Never waits for a trainer; a failure of one trainer does not affect the others.</summary>
    /// <returns>Whether there is more to do: false once it is drained.</returns>
    internal async Task<bool> Beat(Func<AgentHeartbeat, CancellationToken, Task<AgentOrders>> send, bool drain, CancellationToken ct)
    {
        try
        {
            if (drain)
            {
                Drain();
            }

            _trainers.ForEach(trainer => trainer.Watch(options.SilenceLimit));
            Observe();
            if (await Ask(send, ct) is { } orders)
            {
                Apply(orders);
            }
            else if (_trainers.Count > 0 && time.GetElapsedTime(_lastAnswer) > options.DisconnectedTimeout)
            {
                // The processes end, but their reports are kept: the coordinator must still hear of their checkpoints.
                Trouble($"The coordinator has been away for {options.DisconnectedTimeout.TotalMinutes:0} minutes: the trainers are ended. Their runs go on from the last checkpoint when it is back.");
                _trainers.ForEach(trainer => trainer.LetGo($"was ended by its agent, which had heard nothing from the coordinator for {options.DisconnectedTimeout.TotalMinutes:0} minutes"));
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            Trouble($"This heartbeat failed ({e.GetType().Name}: {e.Message}); trainers go on.");
        }

        return !IsDrained();
    }

    private async Task<AgentOrders?> Ask(Func<AgentHeartbeat, CancellationToken, Task<AgentOrders>> send, CancellationToken ct)
    {
        var sentAt = time.GetTimestamp();
        try
        {
            // On an immediate end do not wait for a coordinator that may be unreachable.
            var orders = await send(Heartbeat(), ct).WaitAsync(ct);
            Volatile.Write(ref _lastAnswer, time.GetTimestamp());
            metrics.CountAnswer(time.GetElapsedTime(sentAt, _lastAnswer));
            Trouble("");
            return orders;
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            metrics.CountNoAnswer();
            Trouble($"The coordinator at {string.Join(" or ", options.Coordinators)} does not answer ({e.GetBaseException().Message}); trainers go on.");
            return null;
        }
    }

    private void Drain()
    {
        if (_drainingSince is null)
        {
            _drainingSince = time.GetTimestamp();
            Say($"is asked to end: takes no more work, and its trainers save and stop within {options.DrainGrace.TotalSeconds:0} seconds; a second signal ends them at once");
        }

        _trainers.ForEach(trainer => trainer.Drain());
    }

    // The coordinator knows how each trainer ended, so no run has to wait until this agent counts as lost.
    private bool IsDrained()
    {
        if (_drainingSince is not { } since)
        {
            return false;
        }

        if (_trainers.TrueForAll(trainer => trainer.HasEnded && trainer.UnacknowledgedCount == 0) && _unstartable.Count == 0)
        {
            Say("is drained");
            return true;
        }

        if (time.GetElapsedTime(since) > options.DrainGrace)
        {
            Say($"is not drained after {options.DrainGrace.TotalSeconds:0} seconds: what is left ends now, and its runs go on from their last checkpoint");
            return true;
        }

        return false;
    }

    private void Observe() => metrics.Show(
        _pending.Count,
        _trainers.Count(trainer => trainer.HasEnded) + _unstartable.Count,
        _trainers.Where(trainer => !trainer.HasEnded).ToDictionary(trainer => trainer.Order.Slot, trainer => trainer.ResidentBytes),
        _trainers.Sum(trainer => trainer.UnacknowledgedCount));

    private AgentHeartbeat Heartbeat() => new(
        _session,
        Environment.MachineName,
        options.Slots,
        options.MemoryPerSlot ?? HostDevices.MemoryPerSlot(options.Slots),
        HostDevices.HasBf16,
        [
            .. _trainers.Select(trainer => trainer.Report(EventsPerHeartbeat)),
            .. _pending.Select(key => new TrainerReport(key.RunId, key.Epoch, key.Rank, TrainerProcessState.Pending, 0, [])),
            .. _unstartable.Select(pair => new TrainerReport(pair.Key.RunId, pair.Key.Epoch, pair.Key.Rank, TrainerProcessState.Ended, 0, [pair.Value])),
        ],
        ++_heartbeats,
        _drainingSince is not null);

    private void Apply(AgentOrders orders)
    {
        var wanted = orders.Trainers.DistinctBy(Key).ToDictionary(Key);
        foreach (var trainer in _trainers.Where(trainer => !wanted.ContainsKey(Key(trainer.Order))).ToList())
        {
            End(trainer);
        }

        foreach (var trainer in _trainers)
        {
            if (wanted.TryGetValue(Key(trainer.Order), out var order))
            {
                trainer.Follow(order);
            }
        }

        _pending.Clear();
        foreach (var forgotten in _unstartable.Keys.Where(key => !wanted.ContainsKey(key)).ToList())
        {
            _unstartable.Remove(forgotten);
        }

        foreach (var (key, order) in wanted)
        {
            if (!_unstartable.ContainsKey(key) && _trainers.TrueForAll(trainer => Key(trainer.Order) != key))
            {
                Start(order);
            }
        }
    }

    private void Start(TrainerOrder order)
    {
        if (_drainingSince is not null)
        {
            Refuse(order, FailureCauses.AgentDrained, $"Rank {order.Rank} was not started: agent {options.AgentId} is to end.");
            return;
        }

        if (_trainers.Exists(trainer => trainer.Order.Slot == order.Slot && !trainer.HasEnded))
        {
            _pending.Add(Key(order));
            return;
        }

        try
        {
            var trainer = TrainerProcess.Start(order, options, time, metrics, KillProcess);
            _trainers.Add(trainer);
            metrics.CountStart(order.Epoch);
            Say($"run {order.RunId}, epoch {order.Epoch}: rank {order.Rank} is process {trainer.ProcessId}");
        }
        catch (Exception e)
        {
            Refuse(order, StorageFault.CauseOf(e) ?? FailureCauses.TrainerError, $"The trainer of rank {order.Rank} cannot be started on {Environment.MachineName}: {e.Message}");
        }
    }

    private void Refuse(TrainerOrder order, string cause, string message)
    {
        _unstartable[Key(order)] = ProtocolJson.Write<TrainerEvent>(new TrainerEvent.Failed(cause, message, order.Rank));
        metrics.CountFailure(cause);
        Say(message);
    }

    // A trainer is listed and keeps its slot until its process is gone: the next one must not start while this one still holds memory.
    private void End(TrainerProcess trainer)
    {
        if (!trainer.HasEnded)
        {
            trainer.Kill();
            return;
        }

        trainer.Dispose();
        _trainers.Remove(trainer);
    }

    private void Trouble(string what)
    {
        if (what != _lastTrouble)
        {
            _lastTrouble = what;
            Say(what.Length == 0 ? "The coordinator answers." : what);
        }
    }

    // The log's disk may be full, or the terminal gone.
    private void Say(string line)
    {
        try
        {
            log(line);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            // The line is lost; trainers and coordinator do not depend on it.
        }
    }

    private static (string RunId, long Epoch, int Rank) Key(TrainerOrder order) => (order.RunId, order.Epoch, order.Rank);
}
