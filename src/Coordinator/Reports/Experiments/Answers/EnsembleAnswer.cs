using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>What models give together, beyond what they give one by one.</summary>
internal static class EnsembleAnswer
{
    public static IEnumerable<string> Sentences(TableJudge judge)
    {
        var table = judge.Table;
        var ensemble = table.Rows.FirstOrDefault(row => row.Role == RowRole.Ensemble);
        var members = table.Rows.Where(row => row.Role == RowRole.Member).ToList();
        var isUndefined = table.Columns[ResultTable.Average].Test == NoiseTest.Undefined;
        if (ensemble is null || (ensemble.Cells[ResultTable.Average].Mean is null && !isUndefined))
        {
            yield return "The ensemble has no result for every task yet, so there is no answer.";
            yield break;
        }

        if (isUndefined)
        {
            yield return LeaderSentence.Undefined(table);
        }
        else if (judge.Between([ensemble], members, ResultTable.Average) is { } difference)
        {
            yield return Average(table, ensemble, members, difference);
        }
        else
        {
            yield return $"The ensemble of {Figures.Counted(ensemble.Models, "model", "models")} averages {Figures.Score(ensemble.Cells[ResultTable.Average].Mean)} over {Figures.Counted(table.Tasks.Count(), "task", "tasks")}; its members have no results to compare it with.";
        }

        if (TaskVerdict.Of(judge.Tasks([ensemble], members)) is { } verdict)
        {
            yield return $"Task by task, against the mean of its members, it {verdict}.";
        }

        if (judge.Between([ensemble], members, table.Loss) is { } loss)
        {
            yield return $"Its held-out loss, {Figures.Loss(ensemble.Cells[table.Loss].Mean)}, is {Beside(loss, table.Columns[table.Loss])} theirs{Verdict(loss, table.Columns[table.Loss])}.";
        }

        if (table.Rows.FirstOrDefault(row => row.Role == RowRole.WeightAverage) is { } weights && judge.Between([weights], [ensemble], ResultTable.Average) is { } apart)
        {
            yield return $"Averaging the weights instead gives {Figures.Score(weights.Cells[ResultTable.Average].Mean)}, {Beside(apart, table.Columns[ResultTable.Average])} the ensemble{Verdict(apart, table.Columns[ResultTable.Average])}, at the inference cost of one model.";
        }

        yield return Cost(ensemble, members);
    }

    private static string Average(ResultTable table, ResultRow ensemble, List<ResultRow> members, Difference difference)
    {
        var together = ensemble.Cells[ResultTable.Average].Mean!.Value;
        var values = members.SelectMany(row => row.Cells[ResultTable.Average].Values).ToList();
        var best = difference with { Points = Spread.AreEqual(together, values.Max()) ? 0 : together - values.Max() };
        var verdict = difference.Points == 0 ? ""
            : !difference.IsJudged ? difference.Rule.Test == NoiseTest.Nothing ? $"; {ReportNotes.NotRepeated}, so that may be chance" : "; there are too few repetitions to tell it from them"
            : $"; {(difference.IsReal ? "the former is more than noise" : "it is not distinguishable from them")} ({Test(difference, table.Columns[ResultTable.Average])})";
        return $"The ensemble of {Figures.Counted(ensemble.Models, "model", "models")} averages {Figures.Score(together)} over {Figures.Counted(table.Tasks.Count(), "task", "tasks")}, "
            + $"{Beside(difference, table.Columns[ResultTable.Average])} the mean of its members ({Figures.Score(Spread.Mean(values))}) and {Beside(best, table.Columns[ResultTable.Average])} the best of them{verdict}.";
    }

    private static string Test(Difference difference, ResultColumn column) => $"{LeaderSentence.Test(difference.Rule, column)}, adjusted {LeaderSentence.P(difference.P!.Value)}";

    private static string Verdict(Difference difference, ResultColumn column) =>
        difference.Points == 0 ? ""
        : !difference.IsJudged ? difference.Rule.Test == NoiseTest.Nothing ? $" ({ReportNotes.NotRepeated}, so that may be chance)" : " (too few repetitions to be judged)"
        : $", {(difference.IsReal ? "which is more than noise" : "not distinguishable")} ({Test(difference, column)})";

    private static string Cost(ResultRow ensemble, List<ResultRow> members)
    {
        var inference = $"At inference the ensemble costs {Figures.Count(ensemble.Models)} times as much as one model";
        var known = members.Select(row => row.TrainingFlops).OfType<double>().ToList();
        return Spread.Mean(known) is { } member && member > 0 && ensemble.TrainingFlops / member is { } ratio
            ? $"{inference}; in training it took {Words.Measured(ratio)} the FLOPs of a member."
            : $"{inference}.";
    }

    private static string Beside(Difference difference, ResultColumn column) =>
        difference.Points == 0 ? "equal to" : $"{ColumnWords.Deviation(column, Math.Abs(difference.Points))} {(difference.Points < 0 ? "below" : "above")}";
}
