using System.Globalization;
using System.Xml.Linq;
using Temper.Contracts.Runs;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Html;

/// <summary>The first lines: did it end well, and the few figures that everybody asks for.</summary>
internal static class VerdictSection
{
    public static XElement Build(RunReportInput input, RunReport report)
    {
        var tone = PhaseWords.Tone(report.Phase);
        return Tag(
            "header",
            Tag("p", Class("kicker"), $"Temper run report · {report.RunId}{When(input.Status)}"),
            Tag(
                "div",
                Class("head"),
                Tag("h1", report.Name),
                Tag("span", Class($"phase {tone}"), $"{PhaseWords.Sign(report.Phase)} {PhaseWords.Of(report.Phase)}")),
            Tag("p", Class("lead"), Sentence(report)),
            report.Phase is RunPhase.Succeeded || report.Reason.Length == 0 ? null : Tag("p", Class($"reason {tone}"), report.Reason),
            KeyFigures(input, report));
    }

    private static string When(RunStatus status) =>
        (status.EndedAt ?? status.StartedAt ?? status.CreatedAt).ToUniversalTime().ToString(" · yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Sentence(RunReport report)
    {
        var done = report.Steps == report.StepsPlanned
            ? $"Made all {Figures.Counted(report.Steps, "step", "steps")}"
            : $"Made {Figures.Count(report.Steps)} of {Figures.Counted(report.StepsPlanned, "step", "steps")}";
        var threads = report.Workers == 1
            ? $"with {Figures.Counted(report.Threads, "thread", "threads")}"
            : $"with {Figures.Counted(report.Threads, "thread", "threads")} each";
        var time = report.Seconds is { } seconds ? $" in {Figures.Duration(seconds)}" : "";
        return $"{done} on {Figures.Counted(report.Workers, "worker", "workers")} {threads}{time}.{Recovered(report)} {Evaluated(report)}";
    }

    private static string Recovered(RunReport report) => report.Recoveries.Count switch
    {
        0 => "",
        var count when report.Phase is RunPhase.Failed => $" It was started again {Figures.Counted(count, "time", "times")}.",
        var count => $" It recovered from {Figures.Counted(count, "failure", "failures")} on the way.",
    };

    private static string Evaluated(RunReport report)
    {
        var count = report.Tasks.Values.Count(task => task.Judged is { Final: true });
        return count == 0 ? "No task was evaluated at the end."
            : count < report.Tasks.Count ? $"{count} of {report.Tasks.Count} tasks {(count == 1 ? "was" : "were")} evaluated at the end."
            : count == 1 ? "Its task was evaluated at the end."
            : $"All {count} tasks were evaluated at the end.";
    }

    private static XElement KeyFigures(RunReportInput input, RunReport report)
    {
        var steps = input.Steps;
        var seconds = steps.Sum(row => row.Seconds);
        var tokens = steps.Sum(row => row.InputTokens + row.TargetTokens);
        var positions = steps.Sum(row => row.PaddedTokens);
        return Tag(
            "dl",
            Class("key"),
            Figure("Final loss", Figures.Loss(report.FinalLoss), "nats per target token, last step"),
            Figure("Throughput", report.TokensPerS is { } rate ? $"{Figures.Rate(rate)}/s" : Figures.None, "input and target tokens, no padding"),
            Figure("Step time", Figures.Duration(Median([.. steps.Select(row => row.Seconds)])), "median"),
            Figure("Of that, exchange", Figures.Percent(steps.Sum(row => row.ExchangeSeconds) / seconds), "summing gradients, waiting for peers"),
            Figure("Of that, data", Figures.Percent(steps.Sum(row => row.DataSeconds) / seconds), "waiting for rows"),
            Figure("Padding", Figures.Percent(1 - ((double)tokens / positions)), "of the positions computed"),
            Figure("Recoveries", Figures.Count(report.Recoveries.Count), report.Recoveries.Count == 0 ? "no trainer was lost" : "listed below"));
    }

    private static XElement Figure(string name, string value, string note) =>
        Tag("div", Tag("dt", name), Tag("dd", value, Tag("small", note)));

    private static double? Median(double[] values)
    {
        Array.Sort(values);
        return values.Length == 0 ? null : values[values.Length / 2];
    }
}
