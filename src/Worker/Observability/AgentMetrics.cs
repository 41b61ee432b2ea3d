using System.Globalization;
using Prometheus;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;

namespace Temper.Worker.Observability;

/// <summary>
/// Everything that an agent's <c>/metrics</c> shows, in a registry of its own. Trainers are told apart by the slot that they run in, never by
/// their run: the coordinator tells of runs. docs/decisions/0010-metrics.md says how names and labels are chosen.
/// </summary>
public sealed class AgentMetrics
{
    private readonly List<Collector> _declared = [];
    private readonly Gauge _info;
    private readonly Gauge _slots;
    private readonly Gauge _trainers;
    private readonly Counter _heartbeats;
    private readonly Histogram _heartbeatSeconds;
    private readonly Gauge _silence;
    private readonly Gauge _unacknowledged;
    private readonly Counter _starts;
    private readonly Counter _failures;
    private readonly Counter _phaseSeconds;
    private readonly Gauge _trainerMemory;
    private readonly HashSet<int> _shownSlots = [];

    /// <summary>Metrics of which everything is zero.</summary>
    public AgentMetrics()
    {
        DotNetStats.Register(Registry);
        var make = Metrics.WithCustomRegistry(Registry);
        _info = Declare(make.CreateGauge("temper_agent_info", "1; the label says which agent this target is.", "agent"));
        _slots = Declare(make.CreateGauge("temper_agent_slots", "Trainers that this agent can run at once, one per device."));
        _trainers = Declare(make.CreateGauge("temper_agent_trainers", "Trainers that this agent has, by what they do: pending ones wait for their slot, ended ones for the coordinator to have heard of it.", "state"));
        _heartbeats = Declare(make.CreateCounter("temper_agent_heartbeats_total", "Heartbeats sent, by whether the coordinator answered within five seconds.", "outcome"));
        _heartbeatSeconds = Declare(make.CreateHistogram("temper_agent_heartbeat_duration_seconds", "Seconds from a heartbeat to its answer, connecting included; those without an answer are left out.", new HistogramConfiguration
        {
            Buckets = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
        }));
        _silence = Declare(make.CreateGauge("temper_agent_coordinator_silence_seconds", "Seconds since the coordinator last answered, or since this agent started."));
        _unacknowledged = Declare(make.CreateGauge("temper_agent_unacknowledged_events", "What trainers said and no coordinator has stored yet."));
        _starts = Declare(make.CreateCounter("temper_agent_trainer_starts_total", "Trainers started: first ones of their run, or again, after a failure or a pause.", "start"));
        _failures = Declare(make.CreateCounter("temper_agent_trainer_failures_total", "Trainers of this agent that failed, or could not be started, by cause. One that was told to end has not failed.", "cause"));
        _phaseSeconds = Declare(make.CreateCounter("temper_agent_trainer_phase_seconds_total", "Seconds that the trainers of a slot have spent, each on its own rank. Left out: starting, waiting for the other ranks to start, and up to a second before the end.", "slot", "phase"));
        _trainerMemory = Declare(make.CreateGauge("temper_agent_trainer_memory_bytes", "Resident memory of the trainer process in a slot, in bytes. Memory of GPUs is left out.", "slot"));
        foreach (var outcome in new[] { "answered", "failed" })
        {
            _heartbeats.WithLabels(outcome).Inc(0);
        }

        foreach (var start in new[] { "first", "again" })
        {
            _starts.WithLabels(start).Inc(0);
        }

        foreach (var cause in FailureCauses.All)
        {
            _failures.WithLabels(cause).Inc(0);
        }
    }

    /// <summary>What is exported.</summary>
    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    /// <summary>Everything of Temper's own that is exported, to check dashboards and rules against.</summary>
    public IReadOnlyList<Collector> Declared => _declared;

    /// <summary>Says whose metrics these are, and how long its coordinator has been silent each time that somebody looks.</summary>
    public void Describe(string agentId, int slots, Func<TimeSpan> silence)
    {
        _info.WithLabels(agentId).Set(1);
        _slots.Set(slots);
        Registry.AddBeforeCollectCallback(() => _silence.Set(silence().TotalSeconds));
    }

    /// <summary>A heartbeat had its answer after <paramref name="duration"/>.</summary>
    public void CountAnswer(TimeSpan duration)
    {
        _heartbeats.WithLabels("answered").Inc();
        _heartbeatSeconds.Observe(duration.TotalSeconds);
    }

    /// <summary>A heartbeat had no answer.</summary>
    public void CountNoAnswer() => _heartbeats.WithLabels("failed").Inc();

    /// <summary>A trainer was started. Epochs are counted from 1.</summary>
    public void CountStart(long epoch) => _starts.WithLabels(epoch > 1 ? "again" : "first").Inc();

    /// <summary>A trainer has failed. A cause that this program does not know counts as an error of the trainer.</summary>
    public void CountFailure(string cause) => _failures.WithLabels(FailureCauses.All.Contains(cause) ? cause : FailureCauses.TrainerError).Inc();

    /// <summary>The trainer of a slot has spent more time; <paramref name="before"/> is what was counted already.</summary>
    public void CountSpent(int slot, RankSeconds before, RankSeconds after)
    {
        Count("data", after.Data - before.Data);
        Count("compute", after.Compute - before.Compute);
        Count("exchange", after.Exchange - before.Exchange);
        Count("optimizer", after.Optimizer - before.Optimizer);
        Count("evaluation", after.Evaluation - before.Evaluation);
        Count("checkpoint", after.Checkpoint - before.Checkpoint);

        // A trainer of another version could say anything.
        void Count(string phase, double seconds) => _phaseSeconds.WithLabels(Text(slot), phase).Inc(double.IsFinite(seconds) ? Math.Max(0, seconds) : 0);
    }

    /// <summary>What the agent has now.</summary>
    /// <param name="pending">Trainers that wait for their slot.</param>
    /// <param name="ended">Trainers that have ended.</param>
    /// <param name="running">Slots of the others, each with its process's resident memory in bytes.</param>
    /// <param name="unacknowledged">What trainers said and no coordinator has stored yet.</param>
    public void Show(int pending, int ended, IReadOnlyDictionary<int, long> running, int unacknowledged)
    {
        _trainers.WithLabels("pending").Set(pending);
        _trainers.WithLabels("running").Set(running.Count);
        _trainers.WithLabels("ended").Set(ended);
        _unacknowledged.Set(unacknowledged);
        foreach (var slot in _shownSlots.Where(slot => !running.ContainsKey(slot)).ToList())
        {
            _trainerMemory.RemoveLabelled(Text(slot));
            _shownSlots.Remove(slot);
        }

        foreach (var (slot, bytes) in running)
        {
            _trainerMemory.WithLabels(Text(slot)).Set(bytes);
            _shownSlots.Add(slot);
        }
    }

    private static string Text(int slot) => slot.ToString(CultureInfo.InvariantCulture);

    private T Declare<T>(T collector)
        where T : Collector
    {
        _declared.Add(collector);
        return collector;
    }
}
