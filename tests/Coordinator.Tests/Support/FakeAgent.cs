using Microsoft.Extensions.DependencyInjection;
using Temper.Contracts.Agents;

namespace Temper.Coordinator.Tests.Support;

/// <summary>
/// An agent that runs nothing: it speaks the protocol, keeps what is not acknowledged, starts and ends trainers as ordered, and lets a test
/// say what its trainers say.
/// </summary>
internal sealed class FakeAgent(CoordinatorUnderTest coordinator, string id, int slots, bool hasBf16)
{
    private readonly Dictionary<(string Run, long Epoch, int Rank), FakeTrainer> _trainers = [];
    private long _heartbeats;

    public string Session { get; private set; } = Guid.NewGuid().ToString("N");

    public AgentOrders Orders { get; private set; } = new([]);

    /// <summary>Whether it says that it is to end.</summary>
    public bool IsDraining { get; set; }

    /// <summary>Calls the coordinator in another way than from inside it.</summary>
    public IGrainFactory? Client { get; set; }

    public IReadOnlyCollection<FakeTrainer> Trainers => _trainers.Values;

    public FakeTrainer Trainer(int rank) => _trainers.Values.Single(trainer => trainer.Rank == rank);

    /// <summary>What it says now.</summary>
    public AgentHeartbeat Heartbeat() => new(Session, "test-host", slots, 0, hasBf16, [.. _trainers.Values.Select(trainer => trainer.Report())], ++_heartbeats, IsDraining);

    /// <summary>Says something, and does not hear the answer.</summary>
    public Task<AgentOrders> SendAsync(AgentHeartbeat heartbeat) =>
        (Client ?? coordinator.Services.GetRequiredService<IGrainFactory>()).GetGrain<IAgentGrain>(id).Heartbeat(heartbeat);

    /// <summary>One heartbeat, and what follows from its answer.</summary>
    public async Task<AgentOrders> BeatAsync()
    {
        Orders = await SendAsync(Heartbeat());
        var ordered = Orders.Trainers.ToDictionary(order => (order.RunId, order.Epoch, order.Rank));
        foreach (var gone in _trainers.Keys.Except(ordered.Keys).ToList())
        {
            _trainers.Remove(gone);
        }

        foreach (var (key, order) in ordered)
        {
            if (!_trainers.TryGetValue(key, out var trainer))
            {
                _trainers[key] = trainer = new FakeTrainer(order);
            }

            trainer.Follow(order);
        }

        return Orders;
    }

    /// <summary>The agent's process dies and another one starts: its trainers are gone.</summary>
    public void StartAnew()
    {
        Session = Guid.NewGuid().ToString("N");
        _trainers.Clear();
    }
}

/// <summary>A trainer that says what a test makes it say.</summary>
internal sealed class FakeTrainer(TrainerOrder order)
{
    private readonly List<string> _events = [];
    private long _first;

    public string RunId => Order.RunId;

    public long Epoch => Order.Epoch;

    public int Rank => Order.Rank;

    public TrainerOrder Order { get; private set; } = order;

    public TrainerAssignment Assignment => ProtocolJson.Read<TrainerAssignment>(Order.Assignment);

    public TrainerProcessState State { get; private set; } = TrainerProcessState.Running;

    public int UnacknowledgedCount => _events.Count;

    public FakeTrainer Says(params TrainerEvent[] events)
    {
        _events.AddRange(events.Select(ProtocolJson.Write));
        return this;
    }

    public FakeTrainer SaysText(string line)
    {
        _events.Add(line);
        return this;
    }

    public FakeTrainer Ends(params TrainerEvent[] events)
    {
        State = TrainerProcessState.Ended;
        return Says(events);
    }

    /// <summary>Makes steps from..to, all alike.</summary>
    public FakeTrainer Steps(int from, int to, double loss = 1.5) => Says([.. Enumerable.Range(from, to - from + 1).Select(step => new TrainerEvent.StepDone(Row(step, loss)))]);

    public TrainerReport Report() => new(RunId, Epoch, Rank, State, _first, [.. _events]);

    public void Follow(TrainerOrder order)
    {
        Order = order;
        var known = (int)Math.Min(_events.Count, Math.Max(0, order.Acknowledged - _first));
        _events.RemoveRange(0, known);
        _first += known;
    }

    public static StepRow Row(int step, double loss = 1.5) =>
        new(step, loss, 1e-3, 1, 0.1, 0.01, 0.01, 40, 20, 100, new Dictionary<string, TaskStep> { ["mood"] = new(4, 20, loss * 20) });
}
