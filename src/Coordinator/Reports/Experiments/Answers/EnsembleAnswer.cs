using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>What models give together, beyond what they give one by one.</summary>
internal static class EnsembleAnswer
{
    public static IEnumerable<string> Sentences(ResultTable table)
    {
        var ensemble = table.Rows.FirstOrDefault(row => row.Role == RowRole.Ensemble);
        var members = table.Rows.Where(row => row.Role == RowRole.Member).ToList();
        if (ensemble?.Cells[ResultTable.Average].Mean is not { } together)
        {
            yield return "The ensemble has no result for every task yet, so there is no answer.";
            yield break;
        }

        if (Mean(members, ResultTable.Average) is { } apart)
        {
            yield return Average(table, ensemble, together, members, apart);
            if (TaskDifferences.Of(table, i => ensemble.Cells[i].Mean, i => Mean(members, i)).Verdict("gains on", "loses on") is { } verdict)
            {
                yield return $"Task by task, against the mean of its members, it {verdict}.";
            }
        }
        else
        {
            yield return $"The ensemble of {Figures.Counted(ensemble.Models, "model", "models")} averages {Figures.Score(together)} over {Figures.Counted(table.Tasks.Count(), "task", "tasks")}; its members have no results to compare it with.";
        }

        if (table.Rows.FirstOrDefault(row => row.Role == RowRole.WeightAverage)?.Cells[ResultTable.Average].Mean is { } average)
        {
            yield return Weights(table, together, average);
        }

        yield return Cost(ensemble, members);
    }

    private static string Average(ResultTable table, ResultRow ensemble, double together, List<ResultRow> members, double apart)
    {
        var difference = new Difference(together - apart, table.Columns[ResultTable.Average].Deviation);
        var best = Values(members, ResultTable.Average).Max();
        var verdict = difference.Deviation is null ? "; nothing was repeated with another seed, so that may be chance"
            : difference.IsWithinNoise ? $"; it is not distinguishable from them{difference.Yardstick}"
            : $"; the former is more than noise{difference.Yardstick}";
        return $"The ensemble of {Figures.Counted(ensemble.Models, "model", "models")} averages {Figures.Score(together)} over {Figures.Counted(table.Tasks.Count(), "task", "tasks")}, "
            + $"{Beside(together - apart)} the mean of its members ({Figures.Score(apart)}) and {Beside(together - best)} the best of them{verdict}.";
    }

    private static string Weights(ResultTable table, double together, double average)
    {
        var difference = new Difference(average - together, table.Columns[ResultTable.Average].Deviation);
        return difference.IsWithinNoise
            ? $"Averaging the weights instead gives {Figures.Score(average)}, not distinguishable from the ensemble, at the inference cost of one model."
            : $"Averaging the weights instead gives {Figures.Score(average)}, {Beside(difference.Points)} the ensemble, at the inference cost of one model.";
    }

    private static string Cost(ResultRow ensemble, List<ResultRow> members)
    {
        var inference = $"At inference the ensemble costs {Figures.Count(ensemble.Models)} times as much as one model";
        var known = members.Select(row => row.TrainingFlops).OfType<double>().ToList();
        return Spread.Mean(known) is { } member && member > 0 && ensemble.TrainingFlops / member is { } ratio
            ? $"{inference}; in training it took {Words.Measured(ratio)} the FLOPs of a member."
            : $"{inference}.";
    }

    private static string Beside(double difference) => $"{Figures.Score(Math.Abs(difference))} {(difference < 0 ? "below" : "above")}";

    private static double? Mean(List<ResultRow> members, int column) => Spread.Mean(Values(members, column));

    private static List<double> Values(List<ResultRow> members, int column) => [.. members.SelectMany(row => row.Cells[column].Values)];
}
