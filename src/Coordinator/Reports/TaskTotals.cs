using Temper.Contracts.Agents;

namespace Temper.Coordinator.Reports;

/// <summary>What a task had of many steps.</summary>
public readonly record struct TaskTotals(long Examples, long TargetTokens, double LossSum)
{
    /// <summary>Totals of every task that occurs.</summary>
    public static Dictionary<string, TaskTotals> Of(IEnumerable<StepRow> steps)
    {
        var totals = new Dictionary<string, TaskTotals>(StringComparer.Ordinal);
        foreach (var (name, part) in steps.SelectMany(row => row.Tasks))
        {
            totals[name] = totals.GetValueOrDefault(name).Plus(part);
        }

        return totals;
    }

    /// <summary>Totals of all.</summary>
    public static TaskTotals Sum(IEnumerable<TaskTotals> parts) => parts.Aggregate(
        default(TaskTotals),
        (sum, part) => new TaskTotals(sum.Examples + part.Examples, sum.TargetTokens + part.TargetTokens, sum.LossSum + part.LossSum));

    /// <summary>These totals and one more step.</summary>
    public TaskTotals Plus(TaskStep part) =>
        new(Examples + part.Examples, TargetTokens + part.TargetTokens, LossSum + part.LossSum);
}
