using Temper.Contracts.Experiments;
using Temper.Mixture.Mixing;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>Which mixture is best, and what mixing does to each task.</summary>
internal static class MixtureAnswer
{
    public static IEnumerable<string> Sentences(ExperimentLayout layout, ResultTable table)
    {
        if (Leader.Of(table, table.Rows.Where(row => row.Role == RowRole.Contender), ResultTable.Average) is not { } leader)
        {
            yield return "No mixture has a result for every task yet, so there is no answer.";
            yield break;
        }

        yield return leader.AverageSentence(table.Tasks.Count());
        if (Equal(layout, table) is { } equal && equal != leader.Best && !leader.Tied.Contains(equal) && equal != leader.Next
            && equal.Cells[ResultTable.Average].Mean is { } score)
        {
            yield return $"Equal mixing reaches {Figures.Score(score)}, {Figures.Score(leader.Score - score)} less.";
        }

        if (Alone(table, leader.Best) is { } sentence)
        {
            yield return sentence;
        }
    }

    private static ResultRow? Equal(ExperimentLayout layout, ResultTable table)
    {
        var equal = layout.Runs.Where(run => run.Spec.Mixture.Strategy == MixingStrategy.Equal).Select(run => run.Key).ToHashSet();
        return table.Rows.Where((row, i) => row.Role == RowRole.Contender && layout.Rows[i].Samples.SelectMany(sample => sample.RunOfTask.Values).All(equal.Contains))
            .FirstOrDefault();
    }

    private static string? Alone(ResultTable table, ResultRow best)
    {
        var alone = table.Rows.FirstOrDefault(row => row.Role == RowRole.Alone);
        if (alone is null || TaskDifferences.Of(table, i => best.Cells[i].Mean, i => alone.Cells[i].Mean).Verdict("gains on", "loses on") is not { } verdict)
        {
            return null;
        }

        var cost = alone.TrainingFlops / best.TrainingFlops is { } ratio && double.IsFinite(ratio)
            ? $"; training each alone took {Words.Measured(ratio)} its FLOPs"
            : "";
        return $"Against each task trained alone it {verdict}{cost}.";
    }
}
