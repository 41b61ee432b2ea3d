using System.Xml.Linq;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Html;

/// <summary>The report for people: one file, no script, nothing fetched.</summary>
internal static class ReportPage
{
    /// <summary>Should an escape ever be missed, a browser still runs nothing, loads nothing and sends nothing.</summary>
    public const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

    public static void Write(RunReportInput input, RunReport report, TextWriter output) => Markup.Write(Build(input, report), output);

    private static XElement Build(RunReportInput input, RunReport report) => Tag(
        "html",
        Attr("lang", "en"),
        Tag(
            "head",
            Tag("meta", Attr("charset", "utf-8")),
            Tag("meta", Attr("http-equiv", "Content-Security-Policy"), Attr("content", Policy)),
            Tag("meta", Attr("name", "viewport"), Attr("content", "width=device-width, initial-scale=1")),
            Tag("meta", Attr("name", "referrer"), Attr("content", "no-referrer")),
            Tag("title", $"{report.Name}: {PhaseWords.Of(report.Phase)}"),
            Tag("style", PageStyle.Sheet)),
        Tag(
            "body",
            Tag(
                "main",
                VerdictSection.Build(input, report),
                ResultsSection.Build(report),
                CurvesSection.Build(input, report),
                SamplesSection.Build(report),
                RunSection.Build(input, report))));
}
