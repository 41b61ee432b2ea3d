using Temper.Cli.Rest;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>What is known of a run while it trains, gathered from its events. Not safe for concurrent use.</summary>
/// <param name="rates">Task → rate; empty where the rates are not known.</param>
internal sealed class RunProgress(IReadOnlyDictionary<string, double> rates)
{
    // Enough rows that a mean says something, few enough that it is about now.
    private const int Window = 50;

    private readonly Queue<StepRow> _recent = new();
    private readonly SortedDictionary<string, TaskProgress> _tasks = NewTasks(rates);

    /// <summary>The run; null until its first status.</summary>
    public RunStatus? Status { get; private set; }

    /// <summary>The last row; null before the first.</summary>
    public StepRow? Last { get; private set; }

    /// <summary>The tasks, by name.</summary>
    public IReadOnlyDictionary<string, TaskProgress> Tasks => _tasks;

    /// <summary>Completed steps.</summary>
    public int Step => Math.Max(Status?.Step ?? 0, Last?.Step ?? 0);

    /// <summary>Steps to make.</summary>
    public int Steps => Status?.Steps ?? 0;

    /// <summary>Mean over the target tokens of the last steps.</summary>
    public double? Loss => Ratio(row => row.Loss * row.TargetTokens, row => row.TargetTokens);

    /// <summary>Mean over the last steps.</summary>
    public double? StepSeconds => Ratio(row => row.Seconds, _ => 1);

    /// <summary>Input and target tokens per second, over the last steps.</summary>
    public double? TokensPerSecond => Ratio(row => row.InputTokens + row.TargetTokens, row => row.Seconds);

    /// <summary>Seconds until the last step at the pace of the last ones; evaluation not counted.</summary>
    public double? SecondsLeft => Status is { Phase: RunPhase.Running } && StepSeconds is { } seconds ? seconds * Math.Max(0, Steps - Step) : null;

    /// <summary>Examples of all tasks so far.</summary>
    public TaskTotals Totals => TaskTotals.Sum(_tasks.Values.Select(task => task.Totals));

    /// <summary>Takes an event in; false if it brings nothing new, as rows do that are made again after a recovery.</summary>
    public bool Apply(RunEvent item)
    {
        switch (item)
        {
            case RunEvent.Changed changed:
                Status = changed.Run;
                return true;
            case RunEvent.Stepped stepped when stepped.Row.Step > (Last?.Step ?? 0):
                Add(stepped.Row);
                return true;
            case RunEvent.Evaluated { Row: var row }:
                var task = _tasks.GetValueOrDefault(row.Task) ?? new TaskProgress(null);
                _tasks[row.Task] = task with { Evaluation = row };
                return task.Evaluation is not { } last || (last.Step, last.Split, last.Final) != (row.Step, row.Split, row.Final);
            default:
                return false;
        }
    }

    private void Add(StepRow row)
    {
        Last = row;
        _recent.Enqueue(row);
        if (_recent.Count > Window)
        {
            _recent.Dequeue();
        }

        foreach (var (name, part) in row.Tasks)
        {
            var task = _tasks.GetValueOrDefault(name) ?? new TaskProgress(null);
            var recent = TaskTotals.Of(_recent).GetValueOrDefault(name);
            _tasks[name] = task with
            {
                Totals = task.Totals.Plus(part),
                Loss = recent.TargetTokens > 0 ? recent.LossSum / recent.TargetTokens : task.Loss,
            };
        }
    }

    private double? Ratio(Func<StepRow, double> sum, Func<StepRow, double> weight)
    {
        var total = _recent.Sum(weight);
        return total > 0 ? _recent.Sum(sum) / total : null;
    }

    private static SortedDictionary<string, TaskProgress> NewTasks(IReadOnlyDictionary<string, double> rates)
    {
        var tasks = new SortedDictionary<string, TaskProgress>(StringComparer.Ordinal);
        foreach (var (name, rate) in rates)
        {
            tasks[name] = new TaskProgress(rate);
        }

        return tasks;
    }
}

/// <summary>A task while it trains.</summary>
/// <param name="Rate">Its rate in the mixture.</param>
/// <param name="Totals">What it had so far.</param>
/// <param name="Loss">Mean over its target tokens in the last steps.</param>
/// <param name="Evaluation">Its last evaluation.</param>
internal sealed record TaskProgress(double? Rate, TaskTotals Totals = default, double? Loss = null, EvaluationRow? Evaluation = null);
