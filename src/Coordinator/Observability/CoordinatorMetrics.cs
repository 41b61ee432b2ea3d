using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Prometheus;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Observability;

/// <summary>
/// Everything that a coordinator's <c>/metrics</c> shows, in a registry of its own so that two coordinators in one process count apart. Labels are
/// small closed sets; a run or an experiment is named by gauges alone, and only until it ends. Of several coordinators each counts what happens
/// in it (dashboards add up), each shows what the store says (the same from all: dashboards take the largest), and the owner of a run or of the
/// pool alone shows what only it knows. docs/decisions/0010-metrics.md says why.
/// </summary>
internal sealed class CoordinatorMetrics : IDisposable
{
    private const int MostTasks = 100;
    private const int MostAgents = 1000;
    private const int MostExperiments = 100;

    /// <summary>The task that stands for all that came after the first <see cref="MostTasks"/>. No spec can use the name.</summary>
    private const string OtherTasks = "(others)";

    private const string Never = "none";
    private static readonly double[] s_fast = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] s_slow = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];
    private static readonly double[] s_waits = [1, 5, 15, 60, 300, 900, 3600, 14400, 86400];

    private readonly List<Collector> _declared = [];
    private readonly MetricFactory _make;
    private readonly CoordinatorOptions _options;
    private readonly Clock _clock;
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly ConcurrentDictionary<string, RunView> _runs = [];
    private readonly HashSet<string> _tasks = [];
    private PoolView? _pool;

    // Counted where they happen.
    private readonly Counter _transitions;
    private readonly Counter _failures;
    private readonly Histogram _queueWait;
    private readonly Histogram _gangAdmission;
    private readonly Counter _recoveries;
    private readonly Histogram _recoveryDuration;
    private readonly Counter _steps;
    private readonly Counter _lostSteps;
    private readonly Counter _nonFiniteSteps;
    private readonly Histogram _stepDuration;
    private readonly Counter _usefulSeconds;
    private readonly Counter _phaseSeconds;
    private readonly Counter _exchangeBytes;
    private readonly Counter _tokens;
    private readonly Counter _paddedTokens;
    private readonly Counter _examples;
    private readonly Histogram _checkpointDuration;
    private readonly Counter _checkpointBytes;
    private readonly Counter _damagedCheckpoints;
    private readonly Histogram _requestDuration;
    private readonly Counter _storeFailures;

    // Read from the store when somebody looks.
    private readonly Shown _runPhases;
    private readonly Shown _experimentPhases;
    private readonly Shown _experimentInfo;
    private readonly Shown _experimentProgress;
    private readonly Shown _experimentRuns;

    // Known to the owner of the pool.
    private readonly Shown _agents;
    private readonly Shown _agentUp;
    private readonly Shown _heartbeatAge;
    private readonly Shown _slots;
    private readonly Shown _waiting;
    private readonly Shown _oldestWait;

    // Known to the owner of the run.
    private readonly Shown _runInfo;
    private readonly Shown _runWorkers;
    private readonly Shown _runStep;
    private readonly Shown _runSteps;
    private readonly Shown _runRecoveries;
    private readonly Shown _runLoss;
    private readonly Shown _runLearningRate;
    private readonly Shown _runGradientNorm;
    private readonly Shown _runTokens;
    private readonly Shown _runUsefulSeconds;
    private readonly Shown _runMfu;
    private readonly Shown _runSlowestRank;
    private readonly Shown _runProgressAge;
    private readonly Shown _runCheckpointAge;
    private readonly Shown _runCheckpointBytes;
    private readonly Shown _runTaskLoss;
    private readonly Shown _runTaskTargetRate;
    private readonly Shown _runTaskShare;

    // Of this process and its machine.
    private readonly Gauge _info;
    private readonly Shown _diskFree;
    private readonly Shown _diskSize;

    public CoordinatorMetrics(CoordinatorOptions options, Clock clock)
    {
        (_options, _clock, _make) = (options, clock, Metrics.WithCustomRegistry(Registry));
        DotNetStats.Register(Registry);

        _transitions = Counter("temper_run_transitions_total", "Changes of phase of all runs.", "from", "to");
        _failures = Counter("temper_run_failures_total", "Runs that ended as failed, by the cause of the last failure.", "cause");
        _queueWait = Histogram("temper_queue_wait_duration_seconds", "Seconds that runs waited until they got all their workers, by what they waited for last; 'none' had never to be told. Those that still wait, or gave up, are left out.", s_waits, "reason");
        _gangAdmission = Histogram("temper_gang_admission_duration_seconds", "Seconds from the assignment of all slots until all ranks had met and trained. Attempts that failed before are left out.", s_slow);
        _recoveries = Counter("temper_recoveries_total", "Epochs that ended by a failure and were followed by another attempt, or were the last one allowed; failures that are never tried again are left out.", "cause");
        _recoveryDuration = Histogram("temper_recovery_duration_seconds", "Seconds from noticing the last loss until the run trained again, waiting for workers included. Runs that were paused in between are left out.", s_slow, "cause");
        _steps = Counter("temper_steps_total", "Optimizer steps reported by all runs; steps made again after a recovery count again.");
        _lostSteps = Counter("temper_lost_steps_total", "Steps that were made again because a failure had lost what they had made.");
        _nonFiniteSteps = Counter("temper_nonfinite_steps_total", "Steps whose loss or gradient was no finite number; each ends its run.");
        _stepDuration = Histogram("temper_step_duration_seconds", "Seconds from the first micro-batch to the updated weights on rank 0, exchange included; evaluations and checkpoints are left out.", [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]);
        _usefulSeconds = Counter("temper_useful_step_seconds_total", "Seconds of steps that were made for the first time, summed over runs, not over ranks.");
        _phaseSeconds = Counter("temper_step_phase_seconds_total", "Seconds that rank 0 of all runs spent, by what on: data, compute (forward and backward), exchange, optimizer, evaluation, checkpoint. Starting and waiting are left out.", "phase");
        _exchangeBytes = Counter("temper_exchange_bytes_total", "Bytes that were summed over the ranks of all runs, once for each step. How often they cross the network depends on the exchange; runs of one rank add nothing.");
        _tokens = Counter("temper_tokens_total", $"Tokens trained on, without padding, by task and side (input, target); of the first {MostTasks} tasks, the others together as '{OtherTasks}'.", "task", "side");
        _paddedTokens = Counter("temper_padded_tokens_total", "Positions computed in training, inputs and targets, padding included.");
        _examples = Counter("temper_examples_total", $"Examples trained on, by task; of the first {MostTasks} tasks, the others together as '{OtherTasks}'.", "task");
        _checkpointDuration = Histogram("temper_checkpoint_duration_seconds", "Seconds that a checkpoint took to be whole on disk; training stands still as long.", s_fast);
        _checkpointBytes = Counter("temper_checkpoint_bytes_total", "Bytes written as checkpoints.");
        _damagedCheckpoints = Counter("temper_checkpoints_damaged_total", "Checkpoints that a run was to start from and that were missing or not what had been written.");
        _requestDuration = Histogram("temper_http_request_duration_seconds", "Seconds to answer a request of REST, by the template of its route ('none' where there is no such route). Streams of events and requests that their caller gave up are left out.", s_fast, "route", "method", "code");
        _storeFailures = Counter("temper_metrics_store_failures_total", "Times that the store did not answer when metrics were asked for; gauges that are read from it are missing then.");

        _runPhases = Shown("temper_runs", "Runs by phase. From the store: the same from every coordinator.", "phase");
        _experimentPhases = Shown("temper_experiments", "Experiments by phase. From the store: the same from every coordinator.", "phase");
        _experimentInfo = Shown("temper_experiment_info", $"1; name and kind of an experiment that has not ended; of the first {MostExperiments}.", "experiment", "name", "kind");
        _experimentProgress = Shown("temper_experiment_progress_ratio", $"Share of an experiment's planned operations that its steps have made, 0 to 1, while it has not ended; of the first {MostExperiments}.", "experiment");
        _experimentRuns = Shown("temper_experiment_runs", $"Runs of an experiment that has not ended: succeeded, unsuccessful (failed or cancelled), open; of the first {MostExperiments}.", "experiment", "state");

        _agents = Shown("temper_agents", "Agents by state, of those heard in the last ten minutes: ready, late, lost, draining, backing_off (runs keep failing on it: it gets no work for a while). From the owner of the pool.", "state");
        _agentUp = Shown("temper_agent_up", $"Whether an agent is not lost (1 or 0); forgotten after ten minutes of silence; of the first {MostAgents}. From the owner of the pool.", "agent");
        _heartbeatAge = Shown("temper_agent_heartbeat_age_seconds", $"Seconds since the coordinator heard an agent, exact to a second; of the first {MostAgents}. From the owner of the pool.", "agent");
        _slots = Shown("temper_slots", "Slots of agents that are not lost, busy or free; free ones of an agent that gets no work are left out. From the owner of the pool.", "state");
        _waiting = Shown("temper_queue_waiting_runs", "Runs that wait for workers, by what for: slots, no_agent, too_large (no agent has what they need), parents (models that are still trained), back_off (the next attempt after a failure), storage (an output folder that does not answer). From the owner of the pool.", "reason");
        _oldestWait = Shown("temper_queue_oldest_wait_seconds", "Seconds that the run has waited which has waited longest, by what for; 0 if none waits. From the owner of the pool.", "reason");

        _runInfo = Shown("temper_run_info", "1; name, experiment (empty for none) and phase of a run that holds workers or waits to get them back. All gauges temper_run_… are of such runs, from their owner.", "run", "name", "experiment", "phase");
        _runWorkers = Shown("temper_run_workers", "Ranks of a run.", "run");
        _runStep = Shown("temper_run_step", "Completed steps of a run; goes back when a recovery goes back.", "run");
        _runSteps = Shown("temper_run_steps", "Steps that a run is to make.", "run");
        _runRecoveries = Shown("temper_run_recoveries", "How often a run has lost trainers and gone on.", "run");
        _runLoss = Shown("temper_run_loss", "Mean cross entropy per target token of a run's last step, in nats.", "run");
        _runLearningRate = Shown("temper_run_learning_rate", "Learning rate of a run's last step.", "run");
        _runGradientNorm = Shown("temper_run_gradient_norm", "Norm of the gradient of a run's last step, before clipping.", "run");
        _runTokens = Shown("temper_run_tokens", "Tokens that a run has trained on since its owner looks after it, without padding, by side; grows like a counter.", "run", "side");
        _runUsefulSeconds = Shown("temper_run_useful_step_seconds", "Seconds of a run's steps that were made for the first time, since its owner looks after it; grows like a counter.", "run");
        _runMfu = Shown("temper_run_mfu_ratio", "Floating-point operations of a run's last steps against what its devices reach in matrix products of its precision, 0 to 1: without padding (the model's own), or with it (what is computed). Missing where no peak is known.", "run", "padding");
        _runSlowestRank = Shown("temper_run_slowest_rank_ratio", "What the slowest rank of a run's last step needed before the exchange, against the mean of all ranks: 1 if all are alike. Runs of one rank are left out.", "run");
        _runProgressAge = Shown("temper_run_progress_age_seconds", "Seconds since a run last changed its phase or reported a step, an evaluation or a checkpoint.", "run");
        _runCheckpointAge = Shown("temper_run_checkpoint_age_seconds", "Seconds since a run's last checkpoint, or since it last got workers: what a failure now would lose at most. Missing while it has none.", "run");
        _runCheckpointBytes = Shown("temper_run_checkpoint_bytes", "Size of a run's last checkpoint.", "run");
        _runTaskLoss = Shown("temper_run_task_loss", "Mean cross entropy per target token of the last step in which a run had rows of the task, in nats; of at most 64 tasks.", "run", "task");
        _runTaskTargetRate = Shown("temper_run_task_target_rate", "Share of a run's examples that is to come from a task, 0 to 1.", "run", "task");
        _runTaskShare = Shown("temper_run_task_share", "Share that a task has had since the run's owner looks after it, 0 to 1: of the examples, or of the target tokens, which is its weight in the loss.", "run", "task", "of");

        _info = Gauge("temper_coordinator_info", "1; the label says which cluster this target belongs to.", "cluster");
        _diskFree = Shown("temper_output_disk_free_bytes", "Bytes free on the disk of the runs' output, as this coordinator sees it.");
        _diskSize = Shown("temper_output_disk_size_bytes", "Size of the disk of the runs' output, as this coordinator sees it.");
        _info.WithLabels(options.ClusterId).Set(1);
        BeginClosedSets();
    }

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    /// <summary>Everything of Temper's own that is exported, to check dashboards and rules against.</summary>
    public IReadOnlyList<Collector> Declared => _declared;

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

    /// <summary>A change of a run was stored.</summary>
    /// <param name="tally">What it adds.</param>
    /// <param name="waitedFor">What the run was last told that it waits for; null for nothing.</param>
    public void Count(RunTally tally, WaitingKind? waitedFor)
    {
        if (tally.From != tally.To)
        {
            _transitions.WithLabels(Name(tally.From), Name(tally.To)).Inc();
        }

        if (tally.Waited is { } waited)
        {
            _queueWait.WithLabels(waitedFor is { } kind ? Name(kind) : Never).Observe(waited.TotalSeconds);
        }

        if (tally.Gathered is { } gathered)
        {
            _gangAdmission.Observe(gathered.TotalSeconds);
        }

        if (tally.Recovery is { } recovery)
        {
            _recoveries.WithLabels(recovery).Inc();
        }

        if (tally.Recovered is var (cause, duration))
        {
            _recoveryDuration.WithLabels(cause).Observe(duration.TotalSeconds);
        }

        if (tally.Failure is { } failure)
        {
            _failures.WithLabels(failure).Inc();
            _nonFiniteSteps.Inc(failure == FailureCauses.NonFinite ? 1 : 0);
        }

        _damagedCheckpoints.Inc(tally.DamagedCheckpoints);
    }

    /// <summary>A request was answered.</summary>
    public void CountRequest(string route, string method, int code, TimeSpan duration) =>
        _requestDuration.WithLabels(route, method, code.ToString(CultureInfo.InvariantCulture)).Observe(duration.TotalSeconds);

    /// <summary>What this coordinator knows as the pool's owner; null when it is its owner no more.</summary>
    public void Show(PoolView? pool) => Volatile.Write(ref _pool, pool);

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

    /// <summary>Fills the gauges, which are read and not counted, each time that somebody looks.</summary>
    public void CollectFrom(RunStore runs, ExperimentStore experiments, ILogger log) => Registry.AddBeforeCollectCallback(async ct =>
    {
        await _oneAtATime.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            await CollectStoreAsync(runs, experiments, log).ConfigureAwait(false);
            CollectPool(Volatile.Read(ref _pool), _clock.Now);
            CollectRuns([.. _runs.Values.OrderBy(run => run.Id, StringComparer.Ordinal)], _clock.Now);
            CollectDisk();
        }
        finally
        {
            _oneAtATime.Release();
        }
    });

    public void Dispose() => _oneAtATime.Dispose();

    // Zero is something else than nothing: a rate over a counter that has just appeared misses its first event.
    private void BeginClosedSets()
    {
        foreach (var cause in FailureCauses.All)
        {
            _failures.WithLabels(cause).Inc(0);
            _recoveries.WithLabels(cause).Inc(0);
            _recoveryDuration.WithLabels(cause);
        }

        foreach (var phase in new[] { "data", "compute", "exchange", "optimizer", "evaluation", "checkpoint" })
        {
            CountPhase(phase, 0);
        }

        foreach (var kind in Enum.GetValues<WaitingKind>().Select(Name).Append(Never))
        {
            _queueWait.WithLabels(kind);
        }
    }

    private async Task CollectStoreAsync(RunStore runs, ExperimentStore experiments, ILogger log)
    {
        IReadOnlyDictionary<RunPhase, int> runPhases;
        IReadOnlyDictionary<ExperimentPhase, int> experimentPhases;
        IReadOnlyList<ExperimentStatus> open;
        try
        {
            runPhases = await runs.CountByPhaseAsync().ConfigureAwait(false);
            experimentPhases = await experiments.CountByPhaseAsync().ConfigureAwait(false);
            open = await experiments.OpenStatusesAsync(MostExperiments).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // What this process counts and owns is still worth showing.
            log.LogWarning(e, "The store does not answer; metrics that are read from it are missing");
            _storeFailures.Inc();
            foreach (var shown in new[] { _runPhases, _experimentPhases, _experimentInfo, _experimentProgress, _experimentRuns })
            {
                shown.Set([]);
            }

            return;
        }

        _runPhases.Set(Enum.GetValues<RunPhase>().Select(phase => Value(runPhases.GetValueOrDefault(phase), Name(phase))));
        _experimentPhases.Set(Enum.GetValues<ExperimentPhase>().Select(phase => Value(experimentPhases.GetValueOrDefault(phase), Name(phase))));
        _experimentInfo.Set(open.Select(experiment => Value(1, experiment.Id, experiment.Name, Name(experiment.Kind))));
        _experimentProgress.Set(open.Select(experiment => Value(experiment.PlannedFlops > 0 ? experiment.Flops / experiment.PlannedFlops : 0, experiment.Id)));
        _experimentRuns.Set(open.SelectMany(experiment => new[]
        {
            Value(experiment.Succeeded, experiment.Id, "succeeded"),
            Value(experiment.Unsuccessful, experiment.Id, "unsuccessful"),
            Value(experiment.Runs - experiment.Succeeded - experiment.Unsuccessful, experiment.Id, "open"),
        }));
    }

    private void CollectPool(PoolView? pool, DateTimeOffset now)
    {
        var agents = pool?.Agents ?? [];
        var present = agents.Where(agent => agent.State != AgentState.Lost).ToList();
        var shown = agents.Take(MostAgents).ToList();
        _agents.Set(Of(pool, Enum.GetValues<AgentState>(), state => Value(agents.Count(agent => agent.State == state), Name(state))));
        _agentUp.Set(shown.Select(agent => Value(agent.State == AgentState.Lost ? 0 : 1, agent.Id)));
        _heartbeatAge.Set(shown.Select(agent => Value(Math.Max(0, (now - agent.HeardAt).TotalSeconds), agent.Id)));
        _slots.Set(Of(pool, ["busy", "free"], state => Value(
            present.Sum(agent => state == "busy" ? agent.Trainers.Count : agent.State is AgentState.Draining or AgentState.BackingOff ? 0 : Math.Max(0, agent.SlotCount - agent.Trainers.Count)), state)));
        var waiting = (pool?.Waiting ?? []).ToLookup(run => run.Kind, run => run.Since);
        _waiting.Set(Of(pool, Enum.GetValues<WaitingKind>(), kind => Value(waiting[kind].Count(), Name(kind))));
        _oldestWait.Set(Of(pool, Enum.GetValues<WaitingKind>(), kind => Value(
            waiting[kind].Select(since => (now - since).TotalSeconds).Append(0).Max(), Name(kind))));
    }

    private void CollectRuns(IReadOnlyList<RunView> runs, DateTimeOffset now)
    {
        var measured = runs.Where(run => run.Measures is not null).Select(run => (run.Id, Measures: run.Measures!)).ToList();
        var tasks = measured.SelectMany(run => run.Measures.Tasks.Select(task => (run.Id, Task: task))).ToList();
        _runInfo.Set(runs.Select(run => Value(1, run.Id, run.Name, run.ExperimentId, Name(run.Phase))));
        _runWorkers.Set(runs.Select(run => Value(run.Workers, run.Id)));
        _runStep.Set(runs.Select(run => Value(run.Step, run.Id)));
        _runSteps.Set(runs.Select(run => Value(run.Steps, run.Id)));
        _runRecoveries.Set(runs.Select(run => Value(run.Recoveries, run.Id)));
        _runProgressAge.Set(runs.Select(run => Value(Math.Max(0, (now - run.ProgressAt).TotalSeconds), run.Id)));
        _runCheckpointAge.Set(runs.Where(run => run.UnsafeSince is not null).Select(run => Value(Math.Max(0, (now - run.UnsafeSince!.Value).TotalSeconds), run.Id)));
        _runCheckpointBytes.Set(runs.Where(run => run.CheckpointBytes is not null).Select(run => Value(run.CheckpointBytes!.Value, run.Id)));
        _runLoss.Set(measured.Select(run => Value(run.Measures.Loss, run.Id)));
        _runLearningRate.Set(measured.Select(run => Value(run.Measures.LearningRate, run.Id)));
        _runGradientNorm.Set(measured.Select(run => Value(run.Measures.GradientNorm, run.Id)));
        _runTokens.Set(measured.SelectMany(run => new[] { Value(run.Measures.InputTokens, run.Id, "input"), Value(run.Measures.TargetTokens, run.Id, "target") }));
        _runUsefulSeconds.Set(measured.Select(run => Value(run.Measures.UsefulSeconds, run.Id)));
        _runMfu.Set(measured.Where(run => run.Measures.Mfu is not null).SelectMany(run => new[] { Value(run.Measures.Mfu!.Value, run.Id, "without"), Value(run.Measures.PaddedMfu!.Value, run.Id, "with") }));
        _runSlowestRank.Set(measured.Where(run => run.Measures.SlowestRankRatio is not null).Select(run => Value(run.Measures.SlowestRankRatio!.Value, run.Id)));
        _runTaskLoss.Set(tasks.Where(pair => pair.Task.Loss is not null).Select(pair => Value(pair.Task.Loss!.Value, pair.Id, pair.Task.Task)));
        _runTaskTargetRate.Set(tasks.Where(pair => pair.Task.TargetRate is not null).Select(pair => Value(pair.Task.TargetRate!.Value, pair.Id, pair.Task.Task)));
        _runTaskShare.Set(tasks.SelectMany(pair => new[] { Value(pair.Task.Share, pair.Id, pair.Task.Task, "examples"), Value(pair.Task.TokenShare, pair.Id, pair.Task.Task, "target_tokens") }));
    }

    private void CollectDisk()
    {
        try
        {
            var disk = Directory.Exists(_options.OutputRoot) ? new DriveInfo(_options.OutputRoot) : null;
            _diskFree.Set(disk is null ? [] : [Value(disk.AvailableFreeSpace)]);
            _diskSize.Set(disk is null ? [] : [Value(disk.TotalSize)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A shared volume that is away is no reason to show nothing else.
            _diskFree.Set([]);
            _diskSize.Set([]);
        }
    }

    private void CountPhase(string phase, double seconds) => _phaseSeconds.WithLabels(phase).Inc(Math.Max(0, seconds));

    private bool IsShown(string task)
    {
        lock (_tasks)
        {
            return _tasks.Contains(task) || (_tasks.Count < MostTasks && _tasks.Add(task));
        }
    }

    private Counter Counter(string name, string help, params string[] labels) => Declare(_make.CreateCounter(name, help, labels));

    private Gauge Gauge(string name, string help, params string[] labels) => Declare(_make.CreateGauge(name, help, new GaugeConfiguration { LabelNames = labels, SuppressInitialValue = true }));

    private Shown Shown(string name, string help, params string[] labels) => new(Gauge(name, help, labels));

    private Histogram Histogram(string name, string help, double[] buckets, params string[] labels) =>
        Declare(_make.CreateHistogram(name, help, new HistogramConfiguration { Buckets = buckets, LabelNames = labels }));

    private T Declare<T>(T collector)
        where T : Collector
    {
        _declared.Add(collector);
        return collector;
    }

    private static IEnumerable<(string[] Labels, double Value)> Of<T>(PoolView? pool, IEnumerable<T> labels, Func<T, (string[] Labels, double Value)> value) =>
        pool is null ? [] : labels.Select(value);

    private static (string[] Labels, double Value) Value(double value, params string[] labels) => (labels, value);

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
