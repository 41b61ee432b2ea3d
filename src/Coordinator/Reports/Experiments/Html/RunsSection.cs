using System.Text.Json;
using System.Xml.Linq;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports.Html;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>The runs that it is made of, and how to make it again.</summary>
internal static class RunsSection
{
    public static IEnumerable<XElement> Build(ExperimentReportInput input, ExperimentReport report, Func<ReportedRun, string> runReport)
    {
        yield return Tag(
            "section",
            Tag("h2", "Runs"),
            Tag(
                "div",
                Class("scroll"),
                Attr("tabindex", "0"),
                Attr("role", "region"),
                Attr("aria-label", "Runs"),
                Tag(
                    "table",
                    Tag("caption", "Each has a report of its own."),
                    Tag("thead", Tag("tr", Heading("Run", ""), Heading("Phase", ""), Heading("Steps", "num"), Heading("Training FLOPs", "num"), Heading("Last training loss", "num"), Heading("Run id", ""))),
                    Tag("tbody", report.Runs.Select(run => Row(run, runReport(run)))))));
        yield return Tag(
            "details",
            Tag("summary", "Specification"),
            Tag("p", Class("note"), "As JSON. What stages and parents change of base is written out: they are whole."),
            Tag("pre", Attr("tabindex", "0"), JsonSerializer.Serialize(input.Spec, ReportJson.Spec)));
    }

    private static XElement Heading(string text, string kind) =>
        Tag("th", Attr("scope", "col"), kind.Length == 0 ? null : Class(kind), text);

    private static XElement Row(ReportedRun run, string report) => Tag(
        "tr",
        Tag("th", Attr("scope", "row"), run.Phase.IsTerminal() ? Tag("a", Attr("href", report), run.Key) : run.Key),
        Tag(
            "td",
            Tag("span", Class($"state {PhaseWords.Tone(run.Phase)}"), $"{PhaseWords.Sign(run.Phase)} {PhaseWords.Of(run.Phase)}"),
            run.Reason is { Length: > 0 } reason ? Tag("span", Class("why"), reason) : null),
        Number(run.Steps == run.StepsPlanned ? Figures.Count(run.Steps) : $"{Figures.Count(run.Steps)} of {Figures.Count(run.StepsPlanned)}"),
        Number(Figures.Flops(run.TrainingFlops)),
        Number(Figures.Loss(run.Loss)),
        Tag("td", Class("dim"), run.RunId));

    private static XElement Number(string text) => Tag("td", Class("num"), text);
}
