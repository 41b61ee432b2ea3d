using Prometheus;
using Temper.Contracts.Agents;
using Temper.Coordinator.Observability;

namespace Temper.Coordinator.Runs.Metrics;

/// <summary>What trainers do: steps, evaluations and checkpoints of all runs. Counted where they are stored.</summary>
internal sealed class TrainingMetrics
{
    private const int MaxTasks = 100;

    /// <summary>The task that stands for all that came after the first <see cref="MaxTasks"/>. No spec can use the name.</summary>
    private const string OtherTasks = "(others)";

    private readonly HashSet<string> _tasks = [];
    private readonly Counter _steps;
    private readonly Counter _lostSteps;
    private readonly Histogram _stepDuration;
    private readonly Counter _usefulSeconds;
    private readonly Counter _phaseSeconds;
    private readonly Counter _exchangeBytes;
    private readonly Counter _tokens;
    private readonly Counter _paddedTokens;
    private readonly Counter _examples;
    private readonly Histogram _checkpointDuration;
    private readonly Counter _checkpointBytes;

    public TrainingMetrics(MetricRegistry registry)
    {
        _steps = registry.Counter("temper_steps_total", "Optimizer steps reported by all runs; steps made again after a recovery count again.");
        _lostSteps = registry.Counter("temper_lost_steps_total", "Steps that were made again because a failure had lost what they had made.");
        _stepDuration = registry.Histogram("temper_step_duration_seconds", "Seconds from the first micro-batch to the updated weights on rank 0, exchange included; evaluations and checkpoints are left out.", [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]);
        _usefulSeconds = registry.Counter("temper_useful_step_seconds_total", "Seconds of steps that were made for the first time, summed over runs, not over ranks.");
        _phaseSeconds = registry.Counter("temper_step_phase_seconds_total", "Seconds that rank 0 of all runs spent, by what on: data, compute (forward and backward), exchange, optimizer, evaluation, checkpoint. Starting and waiting are left out.", "phase");
        _exchangeBytes = registry.Counter("temper_exchange_bytes_total", "Bytes that were summed over the ranks of all runs, once for each step. How often they cross the network depends on the exchange; runs of one rank add nothing.");
        _tokens = registry.Counter("temper_tokens_total", $"Tokens trained on, without padding, by task and side (input, target); of the first {MaxTasks} tasks, the others together as '{OtherTasks}'.", "task", "side");
        _paddedTokens = registry.Counter("temper_padded_tokens_total", "Positions computed in training, inputs and targets, padding included.");
        _examples = registry.Counter("temper_examples_total", $"Examples trained on, by task; of the first {MaxTasks} tasks, the others together as '{OtherTasks}'.", "task");
        _checkpointDuration = registry.Histogram("temper_checkpoint_duration_seconds", "Seconds that a checkpoint took to be whole on disk; training stands still as long.", MetricRegistry.FastBuckets);
        _checkpointBytes = registry.Counter("temper_checkpoint_bytes_total", "Bytes written as checkpoints.");
        foreach (var phase in new[] { "data", "compute", "exchange", "optimizer", "evaluation", "checkpoint" })
        {
            CountPhase(phase, 0);
        }
    }

    /// <summary>Steps of a run were stored.</summary>
    /// <param name="rows">The steps.</param>
    /// <param name="bestStep">The furthest step of any earlier attempt: up to it steps are made again.</param>
    public void Count(IReadOnlyList<StepRow> rows, int bestStep)
    {
        foreach (var row in rows)
        {
            _steps.Inc();
            _stepDuration.Observe(row.Seconds);
            if (row.Step > bestStep)
            {
                _usefulSeconds.Inc(row.Seconds);
            }
            else
            {
                _lostSteps.Inc();
            }

            CountPhase("data", row.DataSeconds);
            CountPhase("exchange", row.ExchangeSeconds);
            CountPhase("optimizer", row.OptimizerSeconds);
            CountPhase("compute", row.Seconds - row.DataSeconds - row.ExchangeSeconds - row.OptimizerSeconds);
            _exchangeBytes.Inc(row.ExchangeBytes);
            _paddedTokens.Inc(row.PaddedTokens);
            foreach (var (name, part) in row.Tasks)
            {
                var task = IsShown(name) ? name : OtherTasks;
                _tokens.WithLabels(task, "input").Inc(part.InputTokens);
                _tokens.WithLabels(task, "target").Inc(part.TargetTokens);
                _examples.WithLabels(task).Inc(part.Examples);
            }
        }
    }

    /// <summary>Evaluations of a run were stored.</summary>
    public void Count(IReadOnlyList<EvaluationRow> rows) => CountPhase("evaluation", rows.Sum(row => row.Seconds));

    /// <summary>Checkpoints of a run are whole.</summary>
    public void Count(IReadOnlyList<TrainerEvent.Saved> checkpoints)
    {
        foreach (var checkpoint in checkpoints)
        {
            CountPhase("checkpoint", checkpoint.Seconds);
            _checkpointDuration.Observe(checkpoint.Seconds);
            _checkpointBytes.Inc(checkpoint.Bytes);
        }
    }

    private void CountPhase(string phase, double seconds) => _phaseSeconds.WithLabels(phase).Inc(Math.Max(0, seconds));

    private bool IsShown(string task)
    {
        lock (_tasks)
        {
            return _tasks.Contains(task) || (_tasks.Count < MaxTasks && _tasks.Add(task));
        }
    }
}
