using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>Which recipe is best, on what, and at what cost.</summary>
internal static class ComparisonAnswer
{
    public static IEnumerable<string> Sentences(ResultTable table)
    {
        var recipes = table.Rows.Where(row => row.Role == RowRole.Contender).ToList();
        if (Leader.Of(table, recipes, ResultTable.Average) is not { } leader)
        {
            yield return "No recipe has a result for every task yet, so there is no answer.";
            yield break;
        }

        yield return leader.AverageSentence(table.Tasks.Count());
        if (table.Tasks.Count() > 1 && ByTask(table, recipes) is { } byTask)
        {
            yield return byTask;
        }

        if (Cost(recipes, leader.Best) is { } cost)
        {
            yield return cost;
        }
    }

    private static string? ByTask(ResultTable table, List<ResultRow> recipes)
    {
        var wins = new Dictionary<string, List<string>>();
        var open = new List<string>();
        foreach (var column in table.Tasks)
        {
            if (Leader.Of(table, recipes, column) is not { Next: not null } leader)
            {
                continue;
            }

            var task = table.Columns[column].Task!;
            if (leader.Tied.Count > 0)
            {
                open.Add(task);
            }
            else if (!wins.TryAdd(Words.Name(leader.Best), [task]))
            {
                wins[Words.Name(leader.Best)].Add(task);
            }
        }

        var best = wins.OrderByDescending(pair => pair.Value.Count).Select(pair => $"{pair.Key} is best on {Words.List(pair.Value)}").ToList();
        return (best.Count, open.Count) switch
        {
            (0, 0) => null,
            (0, _) => "On no single task is the best distinguishable from the next.",
            (_, 0) => $"By task, {Words.List(best)}.",
            _ => $"By task, {Words.List(best)}; on {Words.List(open)} the best is not distinguishable from the next.",
        };
    }

    private static string? Cost(List<ResultRow> recipes, ResultRow best)
    {
        var cheapest = recipes.Where(row => row.TrainingFlops > 0).MinBy(row => row.TrainingFlops);
        if (cheapest is null || best.TrainingFlops is not { } flops || recipes.Count(row => row.TrainingFlops > 0) < 2)
        {
            return null;
        }

        var (ratio, most) = (flops / cheapest.TrainingFlops!.Value, recipes.Max(row => row.TrainingFlops)!.Value);
        var cost = $"The recipe with the highest average took {Figures.Flops(flops)} training FLOPs";
        return most / cheapest.TrainingFlops.Value < 1.02 ? $"{cost}, within 2 % of every other."
            : cheapest == best ? $"{cost}, less than any other."
            : ratio < 1.02 ? $"{cost}, within 2 % of {Words.Name(cheapest)}, the cheapest."
            : $"{cost}, {Words.Measured(ratio)} those of {Words.Name(cheapest)}, the cheapest.";
    }
}
