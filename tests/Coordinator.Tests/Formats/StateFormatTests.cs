using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Experiments;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Formats;

/// <summary>What grains remember, and the reports that stay when everything else is gone.</summary>
public class StateFormatTests
{
    [Fact]
    public void What_a_run_remembers() => IsState<RunState>("run-state");

    [Fact]
    public void What_an_experiment_remembers() => IsState<ExperimentState>("experiment-state");

    [Fact]
    public void The_spec_of_a_run() => FormatFile.IsOf<RunSpec>("run-spec", SpecJson.Write, SpecJson.Read, ProtocolJson.Options);

    [Fact]
    public void The_report_of_a_run() =>
        FormatFile.IsOf<RunReport>("run-report", report => JsonSerializer.Serialize(report, ReportJson.Document), ReportJson.Read, ReportJson.Document);

    [Fact]
    public void The_report_of_an_experiment() =>
        FormatFile.IsOf<ExperimentReport>("experiment-report", report => JsonSerializer.Serialize(report, ReportJson.Document), ReportJson.ReadExperiment, ReportJson.Document);

    [Fact]
    public void A_line_of_the_losses() => FormatFile.IsOf<StepRow>("losses-line", row => JsonSerializer.Serialize(row, ReportJson.Line), null, ReportJson.Line);

    private static void IsState<T>(string name)
    {
        var serializer = new StateSerializer();
        FormatFile.IsOf<T>(name, state => serializer.Serialize(state).ToString(), json => serializer.Deserialize<T>(new BinaryData(json)), ProtocolJson.Options);
    }
}
