using Temper.Contracts.Experiments;
using Temper.Mixture.Mixing;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>Which mixture is best, and what mixing does to each task.</summary>
internal static class MixtureAnswer
{
    public static IEnumerable<string> Sentences(ExperimentLayout layout, TableJudge judge)
    {
        if (judge.Leader(ResultTable.Average, IsMixture) is not { } mixture)
        {
            var undefined = judge.Table.Columns[ResultTable.Average].Test == NoiseTest.Undefined;
            yield return undefined ? LeaderSentence.Undefined(judge.Table) : "No mixture has a result for every task yet, so there is no answer.";
            if (undefined && LeaderSentence.Loss(judge) is { } losses)
            {
                yield return losses;
            }

            yield break;
        }

        // Training each task alone is no mixture, but it is in the table, and nothing may be called the best beside something better.
        var leader = judge.Leader(ResultTable.Average)!;
        yield return LeaderSentence.Average(leader, judge);
        if (OfMixtures(judge, leader, mixture) is { } ofMixtures)
        {
            yield return ofMixtures;
        }

        if (LeaderSentence.LossInstead(leader, judge) is { } loss)
        {
            yield return loss;
        }

        if (Equal(layout, judge.Table) is { } equal && leader.Others.FirstOrDefault(other => other.Entry.Has(equal)) is { } far && far.Entry != leader.Next
            && NoiseRule.Carries(far.P))
        {
            yield return $"Equal mixing reaches {Figures.Score(equal.Cells[ResultTable.Average].Mean)}, {Figures.Score(leader.Score - equal.Cells[ResultTable.Average].Mean)} less.";
        }

        if (mixture is { AllEqual: false, Rule.Test: not NoiseTest.Undefined } && Alone(judge, mixture.Best) is { } alone)
        {
            yield return alone;
        }
    }

    private static bool IsMixture(ResultRow row) => row.Role == RowRole.Contender;

    // The first sentence says it where a mixture is in front of everything.
    private static string? OfMixtures(TableJudge judge, Leader leader, Leader mixture) =>
        IsMixture(leader.Best.Rows[0]) || mixture.Next is null || mixture.AllEqual || mixture.Rule.Test is NoiseTest.Nothing or NoiseTest.Undefined ? null
        : mixture.IsBest ? $"Of the mixtures the best is {mixture.Best.Name}: {Figures.Score(mixture.Score)}, more than noise above each other one ({LeaderSentence.Test(mixture.Rule, judge.Table.Columns[ResultTable.Average])}, {(mixture.Others.Count > 1 ? "adjusted " : "")}{LeaderSentence.P(mixture.LargestP)})."
        : "Of the mixtures none is best beyond noise.";

    private static ResultRow? Equal(ExperimentLayout layout, ResultTable table)
    {
        var equal = layout.Runs.Where(run => run.Spec.Mixture.Strategy == MixingStrategy.Equal).Select(run => run.Key).ToHashSet();
        return table.Rows.Where((row, i) => row.Role == RowRole.Contender && layout.Rows[i].Samples.SelectMany(sample => sample.RunOfTask.Values).All(equal.Contains))
            .FirstOrDefault();
    }

    private static string? Alone(TableJudge judge, Entry mixture)
    {
        var alone = judge.Table.Rows.FirstOrDefault(row => row.Role == RowRole.Alone);
        if (alone is null || TaskVerdict.Of(judge.Tasks(mixture.Rows, [alone])) is not { } verdict)
        {
            return null;
        }

        var cost = alone.TrainingFlops / mixture.Rows[0].TrainingFlops is { } ratio && double.IsFinite(ratio)
            ? $"; training each alone took {Words.Measured(ratio)} its FLOPs"
            : "";
        return $"Against each task trained alone, {mixture.Name}, the mixture with the highest average, {verdict}{cost}.";
    }
}
