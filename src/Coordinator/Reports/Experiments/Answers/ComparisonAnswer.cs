using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>Which recipe is best, on what, and at what cost.</summary>
internal static class ComparisonAnswer
{
    public static IEnumerable<string> Sentences(TableJudge judge)
    {
        var table = judge.Table;
        var recipes = table.Rows.Where(row => row.Role == RowRole.Contender).ToList();
        if (judge.Leader(ResultTable.Average) is not { } leader)
        {
            var undefined = table.Columns[ResultTable.Average].Test == NoiseTest.Undefined;
            yield return undefined ? LeaderSentence.Undefined(table) : "No recipe has a result for every task yet, so there is no answer.";
            if (undefined && LeaderSentence.Loss(judge) is { } losses)
            {
                yield return losses;
            }

            yield break;
        }

        yield return LeaderSentence.Average(leader, judge);
        if (LeaderSentence.LossInstead(leader, judge) is { } loss)
        {
            yield return loss;
        }

        if (table.Tasks.Count() > 1 && ByTask(judge) is { } byTask)
        {
            yield return byTask;
        }

        if (leader.Rule.Test != NoiseTest.Undefined && !leader.AllEqual && Cost(recipes, leader.Best.Rows[0]) is { } cost)
        {
            yield return cost;
        }
    }

    private static string? ByTask(TableJudge judge)
    {
        var leaders = judge.Table.Tasks.Select(column => judge.Leader(column)).OfType<Leader>().Where(leader => leader.Next is not null && leader.Rule.Test != NoiseTest.Undefined).ToList();
        var (open, equal) = (leaders.Where(leader => leader is { IsBest: false, AllEqual: false, Rule.Test: not NoiseTest.Nothing }).ToList(), leaders.Where(leader => leader.AllEqual).ToList());
        string[] parts =
        [
            .. Fronts("best", leaders.Where(leader => leader is { IsBest: true, AllEqual: false })),
            .. Fronts("highest", leaders.Where(leader => leader is { Rule.Test: NoiseTest.Nothing, AllEqual: false })),
            .. open.Count == 0 ? Array.Empty<string>() : [$"on {Words.List([.. open.Select(Task)])} none is best beyond noise"],
            .. equal.Count == 0 ? Array.Empty<string>() : [$"on {Words.List([.. equal.Select(Task)])} all are equal"],
        ];
        return parts.Length == 0 ? null : $"By task, {string.Join("; ", parts)}.";

        string Task(Leader leader) => judge.Table.Columns[leader.Column].Task!;

        IEnumerable<string> Fronts(string word, IEnumerable<Leader> fronts)
        {
            var named = fronts.GroupBy(leader => leader.Best.Name).OrderByDescending(group => group.Count()).Select(group => $"{group.Key} is {word} on {Words.List([.. group.Select(Task)])}").ToList();
            return named.Count == 0 ? [] : [Words.List(named)];
        }
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
