using System.Collections.Concurrent;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Observability;
using static Temper.Coordinator.Observability.MetricRegistry;

namespace Temper.Coordinator.Runs.Metrics;

/// <summary>How each run is that holds workers or waits to get them back, from the coordinator that owns it.</summary>
internal sealed class RunGauges
{
    private readonly ConcurrentDictionary<string, RunView> _runs = [];
    private readonly SnapshotGauge _info;
    private readonly SnapshotGauge _workers;
    private readonly SnapshotGauge _step;
    private readonly SnapshotGauge _steps;
    private readonly SnapshotGauge _recoveries;
    private readonly SnapshotGauge _loss;
    private readonly SnapshotGauge _learningRate;
    private readonly SnapshotGauge _gradientNorm;
    private readonly SnapshotGauge _tokens;
    private readonly SnapshotGauge _usefulSeconds;
    private readonly SnapshotGauge _mfu;
    private readonly SnapshotGauge _slowestRank;
    private readonly SnapshotGauge _progressAge;
    private readonly SnapshotGauge _checkpointAge;
    private readonly SnapshotGauge _checkpointBytes;
    private readonly SnapshotGauge _taskLoss;
    private readonly SnapshotGauge _taskTargetRate;
    private readonly SnapshotGauge _taskShare;

    public RunGauges(MetricRegistry registry, Clock clock)
    {
        _info = registry.Snapshot("temper_run_info", "1; name, experiment (empty for none) and phase of a run that holds workers or waits to get them back. All gauges temper_run_… are of such runs, from their owner.", "run", "name", "experiment", "phase");
        _workers = registry.Snapshot("temper_run_workers", "Ranks of a run.", "run");
        _step = registry.Snapshot("temper_run_step", "Completed steps of a run; goes back when a recovery goes back.", "run");
        _steps = registry.Snapshot("temper_run_steps", "Steps that a run is to make.", "run");
        _recoveries = registry.Snapshot("temper_run_recoveries", "How often a run has lost trainers and gone on.", "run");
        _loss = registry.Snapshot("temper_run_loss", "Mean cross entropy per target token of a run's last step, in nats.", "run");
        _learningRate = registry.Snapshot("temper_run_learning_rate", "Learning rate of a run's last step.", "run");
        _gradientNorm = registry.Snapshot("temper_run_gradient_norm", "Norm of the gradient of a run's last step, before clipping.", "run");
        _tokens = registry.Snapshot("temper_run_tokens", "Tokens that a run has trained on since its owner looks after it, without padding, by side; grows like a counter.", "run", "side");
        _usefulSeconds = registry.Snapshot("temper_run_useful_step_seconds", "Seconds of a run's steps that were made for the first time, since its owner looks after it; grows like a counter.", "run");
        _mfu = registry.Snapshot("temper_run_mfu_ratio", "Floating-point operations of a run's last steps against what its devices reach in matrix products of its precision, 0 to 1: without padding (the model's own), or with it (what is computed). Missing where no peak is known.", "run", "padding");
        _slowestRank = registry.Snapshot("temper_run_slowest_rank_ratio", "What the slowest rank of a run's last step needed before the exchange, against the mean of all ranks: 1 if all are alike. Runs of one rank are left out.", "run");
        _progressAge = registry.Snapshot("temper_run_progress_age_seconds", "Seconds since a run last changed its phase or reported a step, an evaluation or a checkpoint.", "run");
        _checkpointAge = registry.Snapshot("temper_run_checkpoint_age_seconds", "Seconds since a run's last checkpoint, or since it last got workers: what a failure now would lose at most. Missing while it has none.", "run");
        _checkpointBytes = registry.Snapshot("temper_run_checkpoint_bytes", "Size of a run's last checkpoint.", "run");
        _taskLoss = registry.Snapshot("temper_run_task_loss", "Mean cross entropy per target token of the last step in which a run had rows of the task, in nats; of at most 64 tasks.", "run", "task");
        _taskTargetRate = registry.Snapshot("temper_run_task_target_rate", "Share of a run's examples that is to come from a task, 0 to 1.", "run", "task");
        _taskShare = registry.Snapshot("temper_run_task_share", "Share that a task has had since the run's owner looks after it, 0 to 1: of the examples, or of the target tokens, which is its weight in the loss.", "run", "task", "of");
        registry.OnCollect(() =>
        {
            Fill([.. _runs.Values.OrderBy(run => run.Id, StringComparer.Ordinal)], clock.Now);
            return Task.CompletedTask;
        });
    }

    /// <summary>What this coordinator knows as a run's owner; null when it is its owner no more, or the run holds no workers.</summary>
    public void Show(string runId, RunView? view)
    {
        if (view is null)
        {
            _runs.TryRemove(runId, out _);
        }
        else
        {
            _runs[runId] = view;
        }
    }

    private void Fill(IReadOnlyList<RunView> runs, DateTimeOffset now)
    {
        var measured = runs.Where(run => run.Measures is not null).Select(run => (run.Id, Measures: run.Measures!)).ToList();
        var tasks = measured.SelectMany(run => run.Measures.Tasks.Select(task => (run.Id, Task: task))).ToList();
        _info.Set(runs.Select(run => Value(1, run.Id, run.Name, run.ExperimentId, Word(run.Phase))));
        _workers.Set(runs.Select(run => Value(run.Workers, run.Id)));
        _step.Set(runs.Select(run => Value(run.Step, run.Id)));
        _steps.Set(runs.Select(run => Value(run.Steps, run.Id)));
        _recoveries.Set(runs.Select(run => Value(run.Recoveries, run.Id)));
        _progressAge.Set(runs.Select(run => Value(Math.Max(0, (now - run.ProgressAt).TotalSeconds), run.Id)));
        _checkpointAge.Set(runs.Where(run => run.UnsafeSince is not null).Select(run => Value(Math.Max(0, (now - run.UnsafeSince!.Value).TotalSeconds), run.Id)));
        _checkpointBytes.Set(runs.Where(run => run.CheckpointBytes is not null).Select(run => Value(run.CheckpointBytes!.Value, run.Id)));
        _loss.Set(measured.Select(run => Value(run.Measures.Loss, run.Id)));
        _learningRate.Set(measured.Select(run => Value(run.Measures.LearningRate, run.Id)));
        _gradientNorm.Set(measured.Select(run => Value(run.Measures.GradientNorm, run.Id)));
        _tokens.Set(measured.SelectMany(run => new[] { Value(run.Measures.InputTokens, run.Id, "input"), Value(run.Measures.TargetTokens, run.Id, "target") }));
        _usefulSeconds.Set(measured.Select(run => Value(run.Measures.UsefulSeconds, run.Id)));
        _mfu.Set(measured.Where(run => run.Measures.Mfu is not null).SelectMany(run => new[] { Value(run.Measures.Mfu!.Value, run.Id, "without"), Value(run.Measures.PaddedMfu!.Value, run.Id, "with") }));
        _slowestRank.Set(measured.Where(run => run.Measures.SlowestRankRatio is not null).Select(run => Value(run.Measures.SlowestRankRatio!.Value, run.Id)));
        _taskLoss.Set(tasks.Where(pair => pair.Task.Loss is not null).Select(pair => Value(pair.Task.Loss!.Value, pair.Id, pair.Task.Task)));
        _taskTargetRate.Set(tasks.Where(pair => pair.Task.TargetRate is not null).Select(pair => Value(pair.Task.TargetRate!.Value, pair.Id, pair.Task.Task)));
        _taskShare.Set(tasks.SelectMany(pair => new[] { Value(pair.Task.Share, pair.Id, pair.Task.Task, "examples"), Value(pair.Task.TokenShare, pair.Id, pair.Task.Task, "target_tokens") }));
    }
}
