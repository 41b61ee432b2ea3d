using System.Globalization;
using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>What to do with more compute.</summary>
internal static class ScalingAnswer
{
    private const double Tolerance = 0.02;

    /// <param name="compute">How many times the compute of the baseline there is.</param>
    /// <param name="table">The table.</param>
    /// <param name="law">How the loss falls with compute.</param>
    public static IEnumerable<string> Sentences(int compute, ResultTable table, ScalingLaw law)
    {
        var ways = table.Rows.Where(row => row.Role != RowRole.Baseline && row.Compute is { } claimed && Math.Abs(claimed - compute) < 1e-9).ToList();
        yield return Leader.Of(table, ways, ResultTable.Average) is { } leader
            ? leader.AverageSentence(table.Tasks.Count(), $"With {compute} times the compute, ")
            : $"No way of spending {compute} times the compute has a result for every task yet, so there is no answer.";
        var baseline = table.Rows.FirstOrDefault(row => row.Role == RowRole.Baseline);
        if (Gains(table, baseline, ways) is { } gains)
        {
            yield return gains;
        }

        if (Costs(compute, ways) is { } costs)
        {
            yield return costs;
        }

        yield return $"{LowestLoss(table, ways)}{InWords(law)}";
    }

    private static string LowestLoss(ResultTable table, List<ResultRow> ways) => Leader.Of(table, ways, table.Loss) switch
    {
        null => "",
        { Tied.Count: 0 } leader => $"The lowest held-out loss of them, {Figures.Loss(leader.Score)}, is that of {Words.Name(leader.Best)}. ",
        var leader => $"The lowest held-out loss of them, {Figures.Loss(leader.Score)}, is that of {Words.Name(leader.Best)}, not distinguishable from {Words.List([.. leader.Tied.Select(Words.Name)])}. ",
    };

    private static string? Gains(ResultTable table, ResultRow? baseline, List<ResultRow> ways)
    {
        if (baseline?.Cells[ResultTable.Average].Mean is not { } from)
        {
            return null;
        }

        var gains = ways.Where(HasAverage).OrderByDescending(row => row.Cells[ResultTable.Average].Mean).Select(Gain).ToList();
        var fineTuned = table.Rows.Where(row => row.Role == RowRole.FineTunedEnsemble && !ways.Contains(row) && HasAverage(row))
            .Select(row => row.CostRatio is { } ratio ? $"{Gain(row)} at {Words.Measured(ratio)} the compute" : Gain(row))
            .ToList();
        return gains.Count + fineTuned.Count == 0 ? null
            : $"Over the baseline ({Figures.Score(from)}) the gains are {Words.List([.. gains, .. fineTuned], most: 8)}.";

        static bool HasAverage(ResultRow row) => row.Cells[ResultTable.Average].Mean is not null;

        string Gain(ResultRow row)
        {
            var difference = new Difference(row.Cells[ResultTable.Average].Mean!.Value - from, table.Columns[ResultTable.Average].Deviation);
            return $"{Figures.Gain(difference.Points)} for {Words.Name(row)}{(difference.IsWithinNoise ? " (within noise)" : "")}";
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
            return $"No law of loss against compute was fitted. {law.WhyNot}";
        }

        var doubling = 1 - Math.Pow(2, -exponent);
        var fall = interval.Low > 0
            ? string.Create(CultureInfo.InvariantCulture, $"each doubling takes {doubling * 100:0.0} % off it")
            : interval.High < 0 ? "it rises"
            : "the interval holds 0, so it is not certain that it falls at all";
        return $"As training gets longer, the baseline's loss goes as compute to the power of {Number(-exponent)} (95 % interval {Number(-interval.Low)} to {Number(-interval.High)}): {fall}, "
            + $"and at {Figures.Flops(prediction.Flops)} FLOPs, twice the most that was spent, {Figures.Loss(prediction.Loss)} is to be expected ({Figures.Loss(prediction.Interval.Low)} to {Figures.Loss(prediction.Interval.High)}).";
    }

    private static string Number(double value) => value.ToString("0.000;−0.000", CultureInfo.InvariantCulture);
}
