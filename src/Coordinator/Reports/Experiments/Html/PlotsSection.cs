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
        if (report.Table.Rows.All(row => row.Cells.All(cell => cell.Mean is null)))
        {
            yield return Tag("p", Class("nothing"), "No row has a result yet.");
        }
        else
        {
            foreach (var figure in OfScores(report))
            {
                yield return figure;
            }
        }

        if (input.Runs.Values.Any(run => run.Curve.Count > 0))
        {
            yield return Figure("curves", "Training loss", "nats per target token, smoothed", CurvesNote(input), Buttons());
        }
    }

    private static IEnumerable<XElement> OfScores(ExperimentReport report)
    {
        if (report.Law is { } law && report.Table.Rows.Any(row => row.TrainingFlops > 0))
        {
            yield return Figure("compute", "Loss and score against compute", "logarithmic axes but for the score", LawNote(law));
        }

        yield return Figure("scores", "Scores", "", ScoresNote(report.Table), Selector(report.Table));
        if (PlotReference.Of(report.Table) is { } reference && report.Table.Tasks.Any())
        {
            yield return Figure(
                "gains",
                $"Each task relative to {reference.Label}",
                "points, ×100",
                (IsJudged(report.Table) ? "Filled: more than noise, by the tests named under the table. Hollow: may be chance. " : "Nothing was repeated, so all of it may be chance. ")
                    + "A click on a name hides or shows it; rows that are far off are hidden at first.");
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

    private static string ScoresNote(ResultTable table) => IsJudged(table)
        ? "Dots: means; bars: one standard deviation, where a row was repeated; faint dots: single repetitions. Filled: bold in the table, the best and what is not distinguishable from it. A triangle at the edge stands for what is far beyond it."
        : "Nothing was repeated, so no dot is filled as the best. A triangle at the edge stands for what is far beyond it.";

    private static bool IsJudged(ResultTable table) => table.Columns.Any(column => column.Test is NoiseTest.Pooled or NoiseTest.Welch);

    private static string LawNote(ScalingLaw law) => law.WhyNot is { } reason
        ? $"No law can be given. {reason}"
        : "The line is the power law fitted to the baseline and its longer trainings; the band is its 95 % interval for another training. Error bars: one standard deviation, where a row was repeated.";

    private static string CurvesNote(ExperimentReportInput input)
    {
        var hasStages = input.Layout.Runs.Any(run => run.Spec.Model.References.Count > 0 && input.Runs[run.Key].Curve.Count > 0);
        return "One line a run, coloured by row; a click on a name hides it."
            + (hasStages ? " Dotted: stages that others start from; by FLOPs, a stage begins where the one before it ended." : "");
    }
}
