using Temper.Coordinator.Reports.Experiments;

namespace Temper.Coordinator.Tests.Reports;

public class ExperimentPagesToLookAt
{
    [Fact]
    public void Write()
    {
        ExperimentReportFiles.Write(SampleExperiments.Mixtures(), "/tmp/pages/mixtures");
        ExperimentReportFiles.Write(SampleExperiments.Ensemble(), "/tmp/pages/ensemble");
        ExperimentReportFiles.Write(SampleExperiments.Scaling(), "/tmp/pages/scaling");
        ExperimentReportFiles.Write(SampleExperiments.Comparison(), "/tmp/pages/comparison");
    }
}
