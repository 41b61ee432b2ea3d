using System.Globalization;
using System.Xml.Linq;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>What every row scored, as the paper's tables show it.</summary>
internal static class TableSection
{
    public static XElement Build(ExperimentReport report)
    {
        var table = report.Table;
        var hasRatio = table.Rows.Any(row => row.CostRatio is not null);
        var hasModels = table.Rows.Any(row => row.Models > 1);
        return Tag(
            "section",
            Tag("h2", "Results"),
            Tag(
                "div",
                Class("scroll"),
                Attr("tabindex", "0"),
                Attr("role", "region"),
                Attr("aria-label", "Results"),
                Tag(
                    "table",
                    Class("results"),
                    Tag("caption", "Mean ± standard deviation over n repetitions."),
                    Tag(
                        "thead",
                        Tag(
                            "tr",
                            Tag("th", Attr("scope", "col"), "Row"),
                            Heading("n", ""),
                            table.Columns.Select(column => Heading(ColumnWords.Of(column), ColumnWords.Unit(column))),
                            Heading("Training FLOPs", "per repetition"),
                            hasRatio ? Heading("Cost", "× baseline") : null,
                            hasModels ? Heading("Models", "at inference") : null)),
                    Tag("tbody", table.Rows.Select(row => Row(row, table, hasRatio, hasModels))))),
            report.Notes.Select(note => Tag("p", Class("note"), note)));
    }

    private static XElement Heading(string name, string unit) =>
        Tag("th", Attr("scope", "col"), Class("num"), Tag("span", Class("name"), name), unit.Length == 0 ? null : Tag("span", Class("unit"), unit));

    private static XElement Row(ResultRow row, ResultTable table, bool hasRatio, bool hasModels) => Tag(
        "tr",
        Tag("th", Attr("scope", "row"), row.Label),
        Number(Figures.Count(row.Samples)),
        row.Cells.Select((cell, i) => Cell(cell, table.Columns[i], row.Samples)),
        Number(Figures.Flops(row.TrainingFlops)),
        hasRatio ? Number(row.CostRatio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : Figures.None) : null,
        hasModels ? Number(Figures.Count(row.Models)) : null);

    private static XElement Number(string text) => Tag("td", Class("num"), text);

    private static XElement Cell(ResultCell cell, ResultColumn column, int samples)
    {
        if (cell.Mean is null)
        {
            return Tag("td", Class("num dim"), Figures.None);
        }

        var mean = ColumnWords.Figure(column, cell.Mean);
        return Tag(
            "td",
            Class("num"),
            cell.Bold ? Tag("b", mean) : Tag("span", mean),
            cell.Deviation is { } deviation ? Tag("span", Class("deviation"), $"± {ColumnWords.Deviation(column, deviation)}") : null,
            cell.Samples < samples ? Tag("span", Class("deviation"), $"n = {Figures.Count(cell.Samples)}") : null);
    }
}
