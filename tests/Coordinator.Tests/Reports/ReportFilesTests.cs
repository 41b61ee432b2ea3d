using Temper.Contracts.Agents;
using Temper.Coordinator.Reports;

namespace Temper.Coordinator.Tests.Reports;

public sealed class ReportFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_step_has_a_line_that_keeps_each_bit()
    {
        var input = SampleRun.Make(200);

        ReportFiles.Write(input, _folder);

        var rows = File.ReadLines(Path.Combine(_folder, "losses.jsonl")).Select(ProtocolJson.Read<StepRow>).ToList();
        Assert.Equal(Enumerable.Range(1, 200), rows.Select(row => row.Step));
        Assert.Equal(input.Steps.Select(row => row.Loss), rows.Select(row => row.Loss));
        Assert.Equal(
            input.Steps.SelectMany(row => row.Tasks).Select(pair => (pair.Key, pair.Value)),
            rows.SelectMany(row => row.Tasks).Select(pair => (pair.Key, pair.Value)));
    }

    [Fact]
    public void A_report_replaces_an_older_one_and_leaves_nothing_else()
    {
        ReportFiles.Write(SampleRun.Make(20), _folder);
        ReportFiles.Write(SampleRun.Make(30), _folder);

        Assert.Equal(["losses.jsonl", "report.html", "report.json"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        Assert.Equal(30, File.ReadLines(Path.Combine(_folder, "losses.jsonl")).Count());
        Assert.Equal(30, ReportJson.Read(File.ReadAllText(Path.Combine(_folder, "report.json"))).Steps);
    }

    [Fact]
    public void A_hundred_thousand_steps_make_a_small_page()
    {
        ReportFiles.Write(SampleRun.Make(100_000, SampleRun.Glue, every: 10_000), _folder);

        Assert.InRange(new FileInfo(Path.Combine(_folder, "report.html")).Length, 50_000, 400_000);
    }
}
