using System.Globalization;
using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>What to do with more compute.</summary>
internal static class ScalingAnswer
{
    private const double Tolerance = 0.02;

    /// <param name="compute">How many times the compute of the baseline there is.</param>
    /// <param name="judge">The table; rows that cost so much compete.</param>
    /// <param name="law">How the loss falls with compute.</param>
    public static IEnumerable<string> Sentences(int compute, TableJudge judge, ScalingLaw law)
    {
        var table = judge.Table;
        var ways = table.Rows.Where(row => row.Competes).ToList();
        var given = $"With {compute} times the compute, ";
        if (judge.Leader(ResultTable.Average) is { } leader)
        {
            yield return LeaderSentence.Average(leader, judge, given);
        }
        else
        {
            yield return table.Columns[ResultTable.Average].Test == NoiseTest.Undefined
                ? LeaderSentence.Undefined(table, given)
                : $"No way of spending {compute} times the compute has a result for every task yet, so there is no answer.";
        }

        if (table.Rows.FirstOrDefault(row => row.Role == RowRole.Baseline) is { } baseline && Gains(judge, baseline, ways) is { } gains)
        {
            yield return gains;
        }

        if (Costs(compute, ways) is { } costs)
        {
            yield return costs;
        }

        if (LeaderSentence.Loss(judge, "Of them, ") is { } loss)
        {
            yield return loss;
        }

        yield return InWords(law);
    }

    private static string? Gains(TableJudge judge, ResultRow baseline, List<ResultRow> ways)
    {
        if (judge.Rule(ResultTable.Average).Test == NoiseTest.Undefined)
        {
            return null;
        }

        var rows = ways.OrderByDescending(row => row.Cells[ResultTable.Average].Mean)
            .Concat(judge.Table.Rows.Where(row => row.Role == RowRole.FineTunedEnsemble && !ways.Contains(row)))
            .Select(row => (Row: row, Difference: judge.Between([row], [baseline], ResultTable.Average)))
            .Where(pair => pair.Difference is not null)
            .ToList();
        if (rows.Count == 0)
        {
            return null;
        }

        // A doubt that all of them share is said once.
        var shared = judge.Rule(ResultTable.Average).Test == NoiseTest.Nothing ? $"; {ReportNotes.NotRepeated}, so they may be chance"
            : rows.Count > 1 && rows.All(pair => pair.Difference is { IsJudged: true, IsReal: false }) ? "; none of them is more than noise"
            : null;
        return $"Over the baseline ({Figures.Score(baseline.Cells[ResultTable.Average].Mean)}) the differences are {Words.List([.. rows.Select(pair => Named(pair.Row, pair.Difference!.Value))], most: 8)}{shared}.";

        string Named(ResultRow row, Difference difference)
        {
            var cost = !row.Competes && row.CostRatio is { } ratio ? $" at {Words.Measured(ratio)} the compute" : "";
            var doubt = shared is not null || difference.IsReal ? "" : difference.IsJudged ? " (not distinguishable)" : " (too few repetitions to be judged)";
            return $"{Figures.Gain(difference.Points)} for {Words.Name(row)}{doubt}{cost}";
        }
    }

    private static string? Costs(int compute, List<ResultRow> ways)
    {
        var measured = ways.Where(row => row.CostRatio is not null).ToList();
        if (measured.Count == 0)
        {
            return null;
        }

        var off = measured.Where(row => Math.Abs((row.CostRatio!.Value / compute) - 1) > Tolerance).ToList();
        return off.Count == 0
            ? $"Measured, they cost {Range(measured)} the FLOPs of the baseline: all within {Tolerance * 100:0} % of {compute}."
            : $"Measured, {Words.List([.. off.Select(row => $"{Words.Name(row)} cost {Words.Measured(row.CostRatio!.Value)}")])} the FLOPs of the baseline instead of {compute}, so the comparison is not at equal cost{(off.Count < measured.Count ? $"; the others are within {Tolerance * 100:0} %" : "")}.";
    }

    private static string Range(List<ResultRow> rows)
    {
        var (low, high) = (Words.Measured(rows.Min(row => row.CostRatio!.Value)), Words.Measured(rows.Max(row => row.CostRatio!.Value)));
        return low == high ? low : $"{low.Split(' ')[0]} to {high}";
    }

    private static string InWords(ScalingLaw law)
    {
        if (law is not { Exponent: { } exponent, ExponentInterval: { } interval, Prediction: { } prediction })
        {
            return $"No law of loss against compute can be given. {law.WhyNot}";
        }

        var doubling = 1 - Math.Pow(2, -exponent);
        return $"As training gets longer, the baseline's loss goes as compute to the power of {Number(-exponent)} (95 % interval {Number(-interval.Low)} to {Number(-interval.High)}): "
            + string.Create(CultureInfo.InvariantCulture, $"each doubling takes {doubling * 100:0.0} % off it, ")
            + $"and at {Figures.Flops(prediction.Flops)} FLOPs, twice the most that was spent, {Figures.Loss(prediction.Loss)} is to be expected ({Figures.Loss(prediction.Interval.Low)} to {Figures.Loss(prediction.Interval.High)}).";
    }

    private static string Number(double value) => value.ToString("0.000;−0.000", CultureInfo.InvariantCulture);
}
