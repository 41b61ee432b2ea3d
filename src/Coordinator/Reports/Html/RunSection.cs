using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Temper.Contracts.Runs;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Html;

/// <summary>How the run went and how to make it again.</summary>
internal static class RunSection
{
    public static IEnumerable<XElement> Build(RunReportInput input, RunReport report)
    {
        if (report.Recoveries.Count > 0)
        {
            yield return Recoveries(report.Recoveries);
        }

        yield return Tag("section", Tag("h2", "How it was run"), Facts(input.Status, report), Spec(input));
    }

    private static XElement Recoveries(IReadOnlyList<Recovery> recoveries) => Tag(
        "section",
        Tag("h2", "Recoveries"),
        Tag(
            "div",
            Class("scroll"),
            Attr("tabindex", "0"),
            Attr("role", "region"),
            Attr("aria-label", "Recoveries"),
            Tag(
                "table",
                Tag("caption", "Each time, training went on from a checkpoint; the steps after it were made again, with the same result."),
                Tag("thead", Tag("tr", Heading("At (UTC)"), Heading("Epoch"), Heading("Cause"), Heading("What happened"), Heading("Went on from step"))),
                Tag("tbody", recoveries.Select(recovery => Tag(
                    "tr",
                    Tag("th", Attr("scope", "row"), Time(recovery.At)),
                    Tag("td", Figures.Count(recovery.Epoch)),
                    Tag("td", recovery.Cause.Replace('_', ' ')),
                    Tag("td", recovery.Message),
                    Tag("td", Figures.Count(recovery.FromStep))))))));

    private static XElement Heading(string text) => Tag("th", Attr("scope", "col"), text);

    private static XElement Facts(RunStatus status, RunReport report) => Tag(
        "table",
        Class("facts"),
        Tag("caption", "Another run with the same spec, precision, workers and threads has the same losses to the last bit (losses.jsonl)."),
        Tag(
            "tbody",
            Fact("Run", status.Id),
            Fact("Workers", $"{Figures.Counted(report.Workers, "trainer process", "trainer processes")}, {Figures.Counted(report.Threads, "thread", "threads")} each"),
            Fact("Precision", status.Precision ?? "not resolved: no trainer started"),
            Fact("Seed", report.Seed.ToString(CultureInfo.InvariantCulture)),
            Fact("Starts of its trainers", Figures.Count(status.Epoch)),
            Fact("Accepted", Time(status.CreatedAt)),
            Fact("Started", status.StartedAt is { } started ? Time(started) : Figures.None),
            Fact("Ended", status.EndedAt is { } ended ? Time(ended) : Figures.None),
            Fact("Last checkpoint", status.CheckpointStep is { } step ? $"step {Figures.Count(step)}" : Figures.None),
            Fact("Output folder", status.OutputDirectory)));

    private static XElement Fact(string name, string value) => Tag("tr", Tag("th", Attr("scope", "row"), name), Tag("td", value));

    private static XElement Spec(RunReportInput input) => Tag(
        "details",
        Tag("summary", "Specification"),
        Tag("p", Class("note"), "As JSON, which temper run and temper submit take as well as YAML."),
        Tag("pre", Attr("tabindex", "0"), JsonSerializer.Serialize(input.Spec, ReportJson.Spec)));

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
