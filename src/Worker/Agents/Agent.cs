using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Worker.Devices;
using Temper.Worker.Observability;

namespace Temper.Worker.Agents;

/// <summary>
/// Runs trainers as the coordinator orders: once a second it says what is and hears what should be. While the coordinator is away the
/// trainers go on, and what they say is kept for it.
/// </summary>
/// <param name="options">Who it is and whom it serves.</param>
/// <param name="time">Its clock.</param>
/// <param name="log">Where lines for people go.</param>
/// <param name="metrics">Where it is counted.</param>
public sealed class Agent(AgentOptions options, TimeProvider time, Action<string> log, AgentMetrics metrics)
{
    // A heartbeat stays small enough to be handled at once; what is left goes with the next.
    private const int EventsPerHeartbeat = 400;

    private readonly string _session = Guid.NewGuid().ToString("N");
    private readonly List<TrainerProcess> _trainers = [];
    private readonly HashSet<(string RunId, long Epoch, int Rank)> _pending = [];
    private readonly Dictionary<(string RunId, long Epoch, int Rank), string> _unstartable = [];
    private long _heartbeats;
    private long _lastAnswer;
    private string _lastTrouble = "";

    /// <summary>Works until <paramref name="ct"/> is cancelled, then ends its trainers.</summary>
    public async Task Run(CancellationToken ct)
    {
        await using var link = new CoordinatorLink(options);
        using var timer = new PeriodicTimer(options.HeartbeatInterval, time);
        _lastAnswer = time.GetTimestamp();
        metrics.Describe(options.AgentId, options.Slots, () => time.GetElapsedTime(Volatile.Read(ref _lastAnswer)));
        try
        {
            do
            {
                await Beat(link, ct);
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The wish to end is no failure.
        }
        finally
        {
            // All at once first: ranks that wait for each other must not wait for our patience.
            _trainers.ForEach(trainer => trainer.Kill());
            _trainers.ForEach(trainer => trainer.Dispose());
        }
    }

    private async Task Beat(CoordinatorLink link, CancellationToken ct)
    {
        _trainers.ForEach(trainer => trainer.Watch(options.SilenceLimit));
        Observe();
        var sentAt = time.GetTimestamp();
        AgentOrders orders;
        try
        {
            orders = await link.Heartbeat(Heartbeat(), ct);
            Volatile.Write(ref _lastAnswer, time.GetTimestamp());
            metrics.CountAnswer(time.GetElapsedTime(sentAt, _lastAnswer));
            Trouble("");
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            metrics.CountNoAnswer();
            Trouble($"The coordinator at {string.Join(" or ", options.Coordinators)} does not answer ({e.GetBaseException().Message}); trainers go on.");
            if (_trainers.Count > 0 && time.GetElapsedTime(_lastAnswer) > options.AloneLimit)
            {
                // Ended, not forgotten: what they said of their checkpoints is still to be told.
                Trouble($"The coordinator has been away for {options.AloneLimit.TotalMinutes:0} minutes: the trainers are ended. Their runs go on from the last checkpoint when it is back.");
                _trainers.ForEach(trainer => trainer.Kill());
            }

            return;
        }

        Apply(orders);
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
        ++_heartbeats);

    private void Apply(AgentOrders orders)
    {
        var wanted = orders.Trainers.ToDictionary(order => (order.RunId, order.Epoch, order.Rank));
        End([.. _trainers.Where(trainer => !wanted.ContainsKey(Key(trainer.Order)))]);
        _trainers.ForEach(trainer => trainer.Follow(wanted[Key(trainer.Order)]));
        _pending.Clear();
        foreach (var forgotten in _unstartable.Keys.Where(key => !wanted.ContainsKey(key)).ToList())
        {
            _unstartable.Remove(forgotten);
        }

        foreach (var order in orders.Trainers.Where(order => !_unstartable.ContainsKey(Key(order)) && _trainers.All(trainer => Key(trainer.Order) != Key(order))))
        {
            Start(order);
        }
    }

    private void Start(TrainerOrder order)
    {
        if (_trainers.Any(trainer => trainer.Order.Slot == order.Slot && !trainer.HasEnded))
        {
            _pending.Add(Key(order));
            return;
        }

        try
        {
            var trainer = TrainerProcess.Start(order, options, time, metrics);
            _trainers.Add(trainer);
            metrics.CountStart(order.Epoch);
            log($"run {order.RunId}, epoch {order.Epoch}: rank {order.Rank} is process {trainer.ProcessId}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or JsonException or System.ComponentModel.Win32Exception)
        {
            var message = $"The trainer of rank {order.Rank} cannot be started on {Environment.MachineName}: {e.Message}";
            _unstartable[Key(order)] = ProtocolJson.Write<TrainerEvent>(new TrainerEvent.Failed(FailureCauses.TrainerError, message, order.Rank));
            metrics.CountFailure(FailureCauses.TrainerError);
            log(message);
        }
    }

    private void End(List<TrainerProcess> trainers)
    {
        trainers.ForEach(trainer => trainer.Kill());
        foreach (var trainer in trainers)
        {
            trainer.Dispose();
            _trainers.Remove(trainer);
        }
    }

    private void Trouble(string what)
    {
        if (what != _lastTrouble)
        {
            _lastTrouble = what;
            log(what.Length == 0 ? "The coordinator answers." : what);
        }
    }

    private static (string RunId, long Epoch, int Rank) Key(TrainerOrder order) => (order.RunId, order.Epoch, order.Rank);
}
