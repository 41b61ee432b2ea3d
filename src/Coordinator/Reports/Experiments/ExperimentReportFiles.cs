using System.Text.Json;
using Temper.Coordinator.Reports.Experiments.Html;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>Puts a report into an experiment's output folder, or gives it as text.</summary>
public static class ExperimentReportFiles
{
    /// <summary>Writes <see cref="ReportFiles.Html"/> and, last, <see cref="ReportFiles.Json"/>: whoever finds that one finds both.</summary>
    public static ExperimentReport Write(ExperimentReportInput input, string folder)
    {
        var report = ExperimentReport.From(input);
        Directory.CreateDirectory(folder);
        WholeFile.Replace(Path.Combine(folder, ReportFiles.Html), writer => ExperimentPage.Write(input, report, BesideIt, writer));
        WholeFile.Replace(Path.Combine(folder, ReportFiles.Json), writer => writer.Write(Text(report)));
        return report;
    }

    /// <summary>The content of <see cref="ReportFiles.Html"/>; above a megabyte, since it carries its scripts.</summary>
    /// <param name="input">What the report is made of.</param>
    /// <param name="runReport">Where the report of one of its runs is; beside the page, as in the output folder, if not given.</param>
    public static string Html(ExperimentReportInput input, Func<ReportedRun, string>? runReport = null)
    {
        var text = new StringWriter();
        ExperimentPage.Write(input, ExperimentReport.From(input), runReport ?? BesideIt, text);
        return text.ToString();
    }

    /// <summary>The content of <see cref="ReportFiles.Json"/>; <see cref="ReportJson.ReadExperiment"/> reads it.</summary>
    public static string Json(ExperimentReportInput input) => Text(ExperimentReport.From(input));

    // A key is part of one name there, whatever it holds.
    private static string BesideIt(ReportedRun run) => $"runs/{Uri.EscapeDataString(run.Key)}/{ReportFiles.Html}";

    private static string Text(ExperimentReport report) => JsonSerializer.Serialize(report, ReportJson.Document) + "\n";
}
