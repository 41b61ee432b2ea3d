namespace Temper.Coordinator.Reports.Experiments;

internal static class ExperimentReportFiles
{
    public static void Write(ExperimentReportInput input, string folder) => throw new NotSupportedException();
    public static string Html(ExperimentReportInput input) => throw new NotSupportedException();
    public static string Json(ExperimentReportInput input) => throw new NotSupportedException();
}
