using Temper.Contracts.Agents;

namespace Temper.Coordinator.Runs.Metrics;

/// <summary>What the steps of a run have measured, since its owner looks after it.</summary>
/// <param name="Loss">Of the last step, in nats per target token.</param>
/// <param name="LearningRate">Of the last step.</param>
/// <param name="GradientNorm">Of the last step, before clipping.</param>
/// <param name="InputTokens">Input tokens so far, without padding.</param>
/// <param name="TargetTokens">Target tokens so far.</param>
/// <param name="UsefulSeconds">Seconds of steps so far that were made for the first time.</param>
/// <param name="Mfu">Operations of the model without padding against what the devices could do; null where no peak is known.</param>
/// <param name="PaddedMfu">The same with padding, which is computed too.</param>
/// <param name="SlowestRankRatio">What the slowest rank needed for its part of a step against the mean of all; null for a single rank.</param>
/// <param name="Tasks">The tasks that had rows, by name.</param>
internal sealed record RunMeasures(
    double Loss,
    double LearningRate,
    double GradientNorm,
    long InputTokens,
    long TargetTokens,
    double UsefulSeconds,
    double? Mfu,
    double? PaddedMfu,
    double? SlowestRankRatio,
    IReadOnlyList<TaskMeasures> Tasks);

/// <summary>A task's part of them.</summary>
/// <param name="Task">The task.</param>
/// <param name="TargetRate">The share of examples that the spec asks for, 0 to 1; null if unknown.</param>
/// <param name="Share">Its share of the examples so far.</param>
/// <param name="TokenShare">Its share of the target tokens so far, which is its weight in the loss.</param>
/// <param name="Loss">Of the last step in which it had targets, in nats per token; null before.</param>
internal sealed record TaskMeasures(string Task, double? TargetRate, double Share, double TokenShare, double? Loss);

/// <summary>Adds up what a run's steps measure.</summary>
/// <param name="targetRates">The share of examples that each task is to have.</param>
internal sealed class RunMeter(IReadOnlyDictionary<string, double> targetRates)
{
    // A spec may name any number of tasks: as many as a person can look at are shown.
    private const int MaxTasks = 64;
    private readonly SortedDictionary<string, Sums> _tasks = new(StringComparer.Ordinal);
    private StepRow? _last;
    private long _inputTokens;
    private long _targetTokens;
    private double _usefulSeconds;
    private (double? Useful, double? Padded) _mfu;

    /// <summary>What was measured so far; null before the first step.</summary>
    public RunMeasures? Measures => _last is null
        ? null
        : new RunMeasures(
            _last.Loss,
            _last.LearningRate,
            _last.GradientNorm,
            _inputTokens,
            _targetTokens,
            _usefulSeconds,
            _mfu.Useful,
            _mfu.Padded,
            _last.MeanRankSeconds > 0 && _last.ExchangeBytes > 0 ? _last.SlowestRankSeconds / _last.MeanRankSeconds : null,
            Tasks());

    /// <summary>Adds steps.</summary>
    /// <param name="rows">The steps, in order.</param>
    /// <param name="bestStep">The furthest step of any earlier attempt: up to it steps are made again.</param>
    /// <param name="peakFlops">What all devices of the run reach together, in FLOP/s; 0 if unknown.</param>
    public void Add(IReadOnlyList<StepRow> rows, int bestStep, double peakFlops)
    {
        if (rows.Count == 0)
        {
            return;
        }

        _last = rows[^1];
        _inputTokens += rows.Sum(row => row.InputTokens);
        _targetTokens += rows.Sum(row => row.TargetTokens);
        _usefulSeconds += rows.Where(row => row.Step > bestStep).Sum(row => row.Seconds);
        foreach (var (task, part) in rows.SelectMany(row => row.Tasks))
        {
            if (_tasks.TryGetValue(task, out var sums) || _tasks.Count < MaxTasks)
            {
                _tasks[task] = new Sums(
                    (sums?.Examples ?? 0) + part.Examples,
                    (sums?.TargetTokens ?? 0) + part.TargetTokens,
                    part.TargetTokens > 0 ? part.LossSum / part.TargetTokens : sums?.Loss);
            }
        }

        var possible = rows.Sum(row => row.Seconds) * peakFlops;
        _mfu = possible > 0 ? (rows.Sum(row => row.UnpaddedFlops) / possible, rows.Sum(row => row.Flops) / possible) : (null, null);
    }

    private IReadOnlyList<TaskMeasures> Tasks()
    {
        var (examples, tokens) = (_tasks.Values.Sum(sums => sums.Examples), _tasks.Values.Sum(sums => sums.TargetTokens));
        return
        [
            .. _tasks.Select(task => new TaskMeasures(
                task.Key,
                targetRates.TryGetValue(task.Key, out var rate) ? rate : null,
                (double)task.Value.Examples / Math.Max(1, examples),
                (double)task.Value.TargetTokens / Math.Max(1, tokens),
                task.Value.Loss)),
        ];
    }

    private sealed record Sums(long Examples, long TargetTokens, double? Loss);
}
