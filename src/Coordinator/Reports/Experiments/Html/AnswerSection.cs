using System.Globalization;
using System.Xml.Linq;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports.Html;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>The first lines: the question, its answer, and what it took.</summary>
internal static class AnswerSection
{
    public static XElement Build(ExperimentReportInput input, ExperimentReport report)
    {
        var tone = PhaseWords.Tone(report.Phase);
        return Tag(
            "header",
            Tag("p", Class("kicker"), $"Temper {KindWord(report.Kind)} · {report.Id}{When(input.Status)}"),
            Tag(
                "div",
                Class("head"),
                Tag("h1", report.Name),
                Tag("span", Class($"phase {tone}"), $"{PhaseWords.Sign(report.Phase)} {report.Phase}")),
            report.Question is { Length: > 0 } question ? Tag("p", Class("question"), question) : null,
            Tag("div", Class("answer"), report.Answer.Select(sentence => Tag("p", sentence))),
            report.Phase == ExperimentPhase.Succeeded || report.Reason.Length == 0 ? null : Tag("p", Class($"reason {tone}"), report.Reason),
            KeyFigures(report));
    }

    public static string KindWord(ExperimentKind kind) => kind switch
    {
        ExperimentKind.MixtureStudy => "mixture study",
        ExperimentKind.Ensemble => "ensemble study",
        ExperimentKind.Scaling => "scaling study",
        _ => "comparison of recipes",
    };

    private static string When(ExperimentStatus status) =>
        (status.EndedAt ?? status.CreatedAt).ToUniversalTime().ToString(" · yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static XElement KeyFigures(ExperimentReport report)
    {
        var done = report.Runs.Count(run => run.Phase == RunPhase.Succeeded);
        return Tag(
            "dl",
            Class("key"),
            Figure("Runs", done == report.Runs.Count ? Figures.Count(done) : $"{Figures.Count(done)} of {Figures.Count(report.Runs.Count)}", done == report.Runs.Count ? "all succeeded" : "succeeded"),
            Figure("Rows compared", Figures.Count(report.Table.Rows.Count), $"over {Figures.Counted(report.Table.Tasks.Count(), "task", "tasks")}"),
            Figure("Training FLOPs", Figures.Flops(report.TrainingFlops), "of all runs, as computed"),
            Figure("Padding", Figures.Percent(report.PaddingShare), "of those FLOPs"),
            Figure("Time", Figures.Duration(report.Seconds), "from submission to the end"));
    }

    private static XElement Figure(string name, string value, string note) =>
        Tag("div", Tag("dt", name), Tag("dd", value, Tag("small", note)));
}
