using System.Globalization;

namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>Who is best, in words that say no more than the rule carries.</summary>
internal static class LeaderSentence
{
    /// <summary>Who has the best average.</summary>
    /// <param name="leader">Who is in front by the average.</param>
    /// <param name="judge">The table.</param>
    /// <param name="given">What is the same for all, such as "With 4 times the compute, "; empty for nothing.</param>
    public static string Average(Leader leader, TableJudge judge, string given = "") =>
        leader.Rule.Test == NoiseTest.Undefined ? Undefined(judge.Table, given)
        : Of(leader, given, $"average over {Figures.Counted(judge.Table.Tasks.Count(), "task", "tasks")}", "highest", "above", judge);

    /// <summary>What is said instead of a best average where a metric is not defined in most runs.</summary>
    public static string Undefined(ResultTable table, string given = "")
    {
        var metrics = table.Columns.Where(column => column is { Kind: ColumnKind.Task, Test: NoiseTest.Undefined }).Select(column => $"{column.Metric} of {column.Task}").ToList();
        return $"{(given.Length == 0 ? "No" : $"{given}no")} average is named the best, since {Words.List(metrics)} {(metrics.Count == 1 ? "is" : "are")} not defined in most runs.";
    }

    /// <summary>Who has the lowest held-out loss; null where it adds nothing.</summary>
    public static string? Loss(TableJudge judge, string given = "") =>
        judge.Leader(judge.Table.Loss) is { Others.Count: > 0, AllEqual: false } leader ? Of(leader, given, "held-out loss", "lowest", "below", judge) : null;

    /// <summary>Where scores tell nothing, the losses may.</summary>
    public static string? LossInstead(Leader leader, TableJudge judge) =>
        leader.AllEqual || leader.Rule.Test == NoiseTest.Undefined || (leader.TellsNothing && leader.Rule.Test != NoiseTest.Nothing) ? Loss(judge) : null;

    /// <summary>"Student's t-test, standard deviation 0.71", "Welch's t-test".</summary>
    public static string Test(NoiseRule rule, ResultColumn column) =>
        rule is { Test: NoiseTest.Pooled, Deviation: { } deviation } ? $"Student's t-test, standard deviation {ColumnWords.Deviation(column, deviation)}" : "Welch's t-test";

    /// <summary>"p = 0.013".</summary>
    public static string P(double p) => p < 0.001 ? "p < 0.001" : string.Create(CultureInfo.InvariantCulture, $"p = {p:0.000}");

    private static string Of(Leader leader, string given, string what, string most, string beside, TableJudge judge)
    {
        var column = judge.Table.Columns[leader.Column];
        var (name, score) = (leader.Best.Name, ColumnWords.Figure(column, leader.Score));
        var begin = given.Length == 0 ? "The " : $"{given}the ";
        if (leader.Next is not { } next)
        {
            return $"{begin}only {what} is that of {name}: {score}; there is no other result to compare it with.";
        }

        if (leader.AllEqual)
        {
            return $"{begin}{what} is the same for all, {score}: it names no best.";
        }

        var lead = $"{ColumnWords.Deviation(column, Math.Abs(leader.Score - next.Mean(leader.Column)!.Value))} {beside} {next.Name}, the next best";
        return leader.Rule.Test == NoiseTest.Nothing ? $"{begin}{most} {what} is that of {name}: {score}, {lead}; {ReportNotes.NotRepeated}, so that may be chance."
            : leader.Tied.Count > 0 ? $"{begin}{most} {what} is that of {name}, {score}, but it is not distinguishable from {Words.List(Names(leader.Tied), most: 8)} ({Test(leader.Rule, column)}{Unjudged(leader)})."
            : leader.Unknown.Count > 0 ? $"{begin}{most} {what} is that of {name}, {score}, but there are too few repetitions to tell it from {Words.List(Names(leader.Unknown), most: 8)}."
            : $"{begin}best {what} is that of {name}: {score}, {lead}, which is more than noise ({Test(leader.Rule, column)}, {(leader.Others.Count > 1 ? "adjusted " : "")}{P(leader.LargestP)}).";
    }

    private static string Unjudged(Leader leader) =>
        leader.Unknown.Count == 0 ? "" : $"; {Words.List(Names(leader.Unknown))} {(leader.Unknown.Count == 1 ? "has" : "have")} too few repetitions to be judged";

    private static List<string> Names(IReadOnlyList<Entry> entries) => [.. entries.Select(entry => entry.Name)];
}
