using System.Text.Json;
using Temper.Coordinator.Reports.Html;

namespace Temper.Coordinator.Reports;

/// <summary>Puts a report into a run's output folder.</summary>
public static class ReportFiles
{
    /// <summary>The results, for programs.</summary>
    public const string Json = "report.json";

    /// <summary>The results, for people.</summary>
    public const string Html = "report.html";

    /// <summary>A row a step.</summary>
    public const string Losses = "losses.jsonl";

    /// <summary>
    /// Writes <see cref="Losses"/>, <see cref="Html"/> and, last, <see cref="Json"/>: whoever finds that one finds them all.
    /// </summary>
    public static RunReport Write(RunReportInput input, string folder)
    {
        var ordered = input.InOrder();
        var report = RunReportBuilder.Build(ordered);
        Directory.CreateDirectory(folder);
        WholeFile.Replace(Path.Combine(folder, Losses), writer =>
        {
            foreach (var row in ordered.Steps)
            {
                writer.Write(JsonSerializer.Serialize(row, ReportJson.Line));
                writer.Write('\n');
            }
        });
        WholeFile.Replace(Path.Combine(folder, Html), writer => ReportPage.Write(ordered, report, writer));
        WholeFile.Replace(Path.Combine(folder, Json), writer => writer.Write(Text(report)));
        return report;
    }

    /// <summary>The content of <see cref="Html"/>.</summary>
    public static string Page(RunReportInput input)
    {
        var ordered = input.InOrder();
        var text = new StringWriter();
        ReportPage.Write(ordered, RunReportBuilder.Build(ordered), text);
        return text.ToString();
    }

    /// <summary>The content of <see cref="Json"/>.</summary>
    public static string Document(RunReportInput input) => Text(RunReport.From(input));

    private static string Text(RunReport report) => JsonSerializer.Serialize(report, ReportJson.Document) + "\n";
}
