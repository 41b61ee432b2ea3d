using System.Globalization;
using System.Xml.Linq;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>Places for the plots, with their titles and controls; the script fills them and shows the section.</summary>
internal static class PlotsSection
{
    public static IEnumerable<XElement> Build(ExperimentReportInput input, ExperimentReport report)
    {
        yield return Tag("noscript", Tag("p", Class("note"), "The plots are drawn by a script in this page, and scripts are off. The table holds the same figures."));
        yield return Tag(
            "section",
            Attr("id", "plots"),
            Attr("hidden", ""),
            Tag("h2", "Plots"),
            Plots(input, report));
    }

    private static IEnumerable<XElement> Plots(ExperimentReportInput input, ExperimentReport report)
    {
        if (report.Law is { } law)
        {
            yield return Tag(
                "div",
                Class("plots"),
                Figure("loss-compute", "Held-out loss against compute", "nats per token, both axes logarithmic", LawNote(law)),
                Figure("score-compute", "Average score against compute", "×100", "Error bars: one standard deviation of the repetitions."));
        }

        yield return Figure("scores", "Scores", "", ScoresNote(report.Table), Selector(report.Table));
        if (PlotReference.Of(report.Table) is { } reference && report.Table.Tasks.Any())
        {
            yield return Figure(
                "gains",
                $"Each task relative to {reference.Label}",
                "points, ×100",
                report.Table.Columns.Any(column => column.Deviation is not null) ? "Grey: two standard deviations of one repetition, within which a difference may be chance." : null);
        }

        if (input.Runs.Values.Any(run => run.Curve.Count > 0))
        {
            yield return Figure("curves", "Training loss", "nats per target token, smoothed", CurvesNote(input), Buttons());
        }
    }

    private static XElement Figure(string id, string title, string unit, string? note, XElement? controls = null) => Tag(
        "figure",
        Class("chart"),
        Tag("figcaption", Attr("id", $"{id}-title"), title, unit.Length == 0 ? null : Tag("span", Class("unit"), unit)),
        controls,
        Tag("div", Class("canvas"), Attr("id", id), Attr("role", "group"), Attr("aria-labelledby", $"{id}-title")),
        note is null ? null : Tag("p", Class("note"), note));

    private static XElement Selector(ResultTable table) => Tag(
        "p",
        Class("controls"),
        Tag(
            "label",
            "Show ",
            Tag(
                "select",
                Attr("id", "scores-column"),
                table.Columns.Select((column, i) => Tag("option", Attr("value", i.ToString(CultureInfo.InvariantCulture)), $"{ColumnWords.Of(column)} ({ColumnWords.Unit(column)})")))));

    private static XElement Buttons() => Tag(
        "p",
        Class("controls"),
        Attr("role", "group"),
        Attr("aria-label", "Horizontal axis"),
        Tag("button", Attr("type", "button"), Attr("data-axis", "steps"), Attr("aria-pressed", "true"), "by steps"),
        Tag("button", Attr("type", "button"), Attr("data-axis", "flops"), Attr("aria-pressed", "false"), "by FLOPs"));

    private static string ScoresNote(ResultTable table) => table.Columns.Any(column => column.Deviation is not null)
        ? "Dots: means; bars: one standard deviation; faint dots: single repetitions. Filled dots lie in the shaded band, within two standard deviations of the best."
        : "The filled dot is the best.";

    private static string LawNote(ScalingLaw law) => law.WhyNot is { } reason
        ? $"No law was fitted. {reason}"
        : "The line is the power law fitted to the baseline and its longer trainings; the band is its 95 % interval for another training.";

    private static string CurvesNote(ExperimentReportInput input)
    {
        var hasStages = input.Layout.Runs.Any(run => run.Spec.Model.References.Count > 0 && input.Runs[run.Key].Curve.Count > 0);
        return "One line a run, coloured by row; a click on a name hides it."
            + (hasStages ? " Dotted: stages that others start from; by FLOPs, a stage begins where the one before it ended." : "");
    }
}
