using System.Text.Json;
using Prometheus;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Observability;

/// <summary>
/// Everything that <c>/metrics</c> shows, in a registry of its own so that two coordinators in one process count apart. Labels are small closed
/// sets; tasks are named by users and therefore capped.
/// </summary>
internal sealed class CoordinatorMetrics
{
    private const int MostTasks = 100;
    private readonly Counter _steps;
    private readonly Counter _tokens;
    private readonly Histogram _stepSeconds;
    private readonly Counter _recoveries;
    private readonly Gauge _taskLoss;
    private readonly Gauge _runs;
    private readonly Gauge _waiting;
    private readonly Gauge _agents;
    private readonly Gauge _slots;
    private readonly HashSet<string> _tasks = [];

    public CoordinatorMetrics()
    {
        var make = Metrics.WithCustomRegistry(Registry);
        _steps = make.CreateCounter("temper_steps_total", "Optimizer steps reported by all runs; steps made again after a recovery count again.");
        _tokens = make.CreateCounter("temper_tokens_total", "Tokens of the global batches of all runs: input and target without padding, padded with it.", "kind");
        _stepSeconds = make.CreateHistogram("temper_step_seconds", "From the first micro-batch to the updated weights, on rank 0.", new HistogramConfiguration
        {
            Buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
        });
        _recoveries = make.CreateCounter("temper_recoveries_total", "Epochs that ended by a failure and were followed by another attempt, or the last one.", "cause");
        _taskLoss = make.CreateGauge("temper_task_loss", $"Mean cross entropy per target token, in nats, of the task's last step in any run; of the first {MostTasks} tasks.", "task");
        _runs = make.CreateGauge("temper_runs", "Runs by phase.", "phase");
        _waiting = make.CreateGauge("temper_queue_waiting", "Runs that wait for workers.");
        _agents = make.CreateGauge("temper_agents", "Agents by state.", "state");
        _slots = make.CreateGauge("temper_slots", "Slots of agents that are not lost.", "state");
    }

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public void Count(IReadOnlyList<StepRow> rows)
    {
        foreach (var row in rows)
        {
            _steps.Inc();
            _tokens.WithLabels("input").Inc(row.InputTokens);
            _tokens.WithLabels("target").Inc(row.TargetTokens);
            _tokens.WithLabels("padded").Inc(row.PaddedTokens);
            _stepSeconds.Observe(row.Seconds);
            foreach (var (task, part) in row.Tasks)
            {
                if (part.TargetTokens > 0 && IsShown(task))
                {
                    _taskLoss.WithLabels(task).Set(part.LossSum / part.TargetTokens);
                }
            }
        }
    }

    public void CountRecovery(string cause) => _recoveries.WithLabels(cause).Inc();

    /// <summary>Fills the gauges that are read, not counted, each time somebody looks.</summary>
    public void CollectFrom(RunStore store, IGrainFactory grains) => Registry.AddBeforeCollectCallback(async _ =>
    {
        var phases = await store.CountByPhaseAsync().ConfigureAwait(false);
        foreach (var phase in Enum.GetValues<RunPhase>())
        {
            _runs.WithLabels(Name(phase)).Set(phases.GetValueOrDefault(phase));
        }

        _waiting.Set(phases.Where(pair => pair.Key.Waits()).Sum(pair => pair.Value));
        var agents = await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Agents().ConfigureAwait(false);
        foreach (var state in Enum.GetValues<AgentState>())
        {
            _agents.WithLabels(Name(state)).Set(agents.Count(agent => agent.State == state));
        }

        var present = agents.Where(agent => agent.State != AgentState.Lost).ToList();
        _slots.WithLabels("busy").Set(present.Sum(agent => agent.Trainers.Count));
        _slots.WithLabels("free").Set(present.Sum(agent => Math.Max(0, agent.SlotCount - agent.Trainers.Count)));
    });

    private bool IsShown(string task)
    {
        lock (_tasks)
        {
            return _tasks.Contains(task) || (_tasks.Count < MostTasks && _tasks.Add(task));
        }
    }

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
