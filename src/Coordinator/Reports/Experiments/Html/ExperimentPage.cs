using System.Xml.Linq;
using Temper.Coordinator.Reports.Html;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>The report for people: one file that runs its own scripts alone and fetches nothing. Without scripts everything but the plots is there.</summary>
internal static class ExperimentPage
{
    /// <summary>The scripts are named by their hashes: no other runs, should an escape ever be missed. Images are what the plots are saved as.</summary>
    public static string Policy =>
        $"default-src 'none'; script-src {PageScripts.Sources}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

    /// <summary>Writes the page.</summary>
    /// <param name="input">What the report is made of.</param>
    /// <param name="report">The report.</param>
    /// <param name="runReport">Where the report of one of its runs is, seen from this page.</param>
    /// <param name="output">Takes the page.</param>
    public static void Write(ExperimentReportInput input, ExperimentReport report, Func<ReportedRun, string> runReport, TextWriter output) =>
        Markup.Write(Build(input, report, runReport), output);

    private static XElement Build(ExperimentReportInput input, ExperimentReport report, Func<ReportedRun, string> runReport) => Tag(
        "html",
        Attr("lang", "en"),
        Tag(
            "head",
            Tag("meta", Attr("charset", "utf-8")),
            Tag("meta", Attr("http-equiv", "Content-Security-Policy"), Attr("content", Policy)),
            Tag("meta", Attr("name", "viewport"), Attr("content", "width=device-width, initial-scale=1")),
            Tag("meta", Attr("name", "referrer"), Attr("content", "no-referrer")),
            Tag("title", $"{report.Name}: {AnswerSection.KindWord(report.Kind)}"),
            Tag("style", PageStyle.Sheet + ExperimentStyle.Sheet)),
        Tag(
            "body",
            Tag(
                "main",
                AnswerSection.Build(input, report),
                TableSection.Build(report),
                PlotsSection.Build(input, report),
                RunsSection.Build(input, report, runReport)),
            Script(PlotData.Of(input, report).ToJson(), Attr("type", "application/json"), Attr("id", "plot-data")),
            PageScripts.All.Select(script => Script(script))));
}
