using Temper.Cli.Views;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports.Experiments;

namespace Temper.EndToEnd.Tests.Views;

public class ExperimentResultViewTests
{
    private const string Evil = "[bold]x[/] \u001b[2J\u001b]0;owned\u0007 \u202Egro";
    private const string Harmless = "[bold]x[/] ⟨U+001B⟩[2J⟨U+001B⟩]0;owned⟨U+0007⟩ ⟨U+202E⟩gro";

    [Fact]
    public void The_table_comes_first_and_the_answer_where_one_reads_last()
    {
        var screen = Screen.Of(ExperimentResultView.Render(Report("temperature 2", "sentiment"), "/out/report.html"));

        Assert.All(screen.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 80, line));
        Assert.Matches(@"temperature 2 +3 +82\.12 ± 0\.22\* +0\.5194 ± 0\.0015\* +6\.26×10¹⁴ +4\.02", screen);
        Assert.Matches(@"temperature 2 +90\.41 ± 0\.78\* +90\.41 ± 0\.78\* +90\.41 ± 0\.78\* *\n", screen);
        Assert.Matches(@"equal +3 +80\.53 ± 0\.03  +– ", screen);
        Assert.Contains("Bold: within two standard deviations", screen, StringComparison.Ordinal);
        Assert.Contains("✓ Succeeded  mixtures: 1 of 2 runs in 3 h 41 min, 1.23×10¹⁶ training FLOPs", screen, StringComparison.Ordinal);
        Assert.True(screen.IndexOf("The best average is that", StringComparison.Ordinal) > screen.IndexOf("6.26×10¹⁴", StringComparison.Ordinal));
        Assert.Matches(@"report +/out/report\.html", screen);
    }

    [Fact]
    public void The_star_is_explained_only_where_one_stands()
    {
        var report = Report("equal", "sentiment");
        var plain = report.Table with { Rows = [.. report.Table.Rows.Select(row => row with { Cells = [.. row.Cells.Select(cell => cell with { Bold = false })] })] };

        Assert.Contains("* stands for bold.", Screen.Of(ExperimentResultView.Render(report, null)), StringComparison.Ordinal);
        Assert.DoesNotContain('*', Screen.Of(ExperimentResultView.Render(report with { Table = plain }, null)));
    }

    [Fact]
    public void Text_of_data_neither_formats_nor_steers_the_terminal()
    {
        var report = Report(Evil, Evil);

        var screen = Screen.Of(ExperimentResultView.Render(report with { Name = Evil, Phase = ExperimentPhase.Failed, Reason = Evil, Answer = [Evil], Notes = [Evil] }, "r"), 400, ansi: true);

        // Heading, name, reason, answer and note; labels are cut to their column.
        Assert.Equal(5, screen.Split(Harmless).Length - 1);
        Assert.Contains("[bold]x[/] ⟨U+001B⟩[2J⟨…", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b]0;", screen, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0007', screen);
        Assert.DoesNotContain('\u202E', screen);
    }

    private static ExperimentReport Report(string label, string task)
    {
        ResultColumn[] columns =
        [
            new(ColumnKind.Average, null, null, null, 0.2, 82.12),
            .. Enumerable.Range(1, 4).Select(i => new ResultColumn(ColumnKind.Task, i == 1 ? task : $"task {i}", "accuracy", "test", 0.5, 90.41)),
            new(ColumnKind.Loss, null, null, null, 0.002, 0.5194),
        ];
        var score = new ResultCell(90.41, 0.78, 3, true, [90, 90.41, 90.82]);
        var none = new ResultCell(null, null, 0, false, []);
        var noMetrics = new Dictionary<string, IReadOnlyDictionary<string, ResultCell>>();
        var noLosses = new Dictionary<string, ResultCell>();
        return new ExperimentReport(
            "mixtures-1", "mixtures", ExperimentKind.MixtureStudy, ExperimentPhase.Succeeded, "All runs succeeded.", "Which?", [$"The best average is that of {label}."], 13_260, 1.23e16, 0.12,
            [new ReportedRun("a", "run-a", RunPhase.Succeeded, 1, 1, 1e9, 1, null), new ReportedRun("b", "run-b", RunPhase.Failed, 0, 1, 0, null, "Lost.")],
            new ResultTable(
                columns,
                [
                    new ResultRow(label, RowRole.Contender, null, 3, [new ResultCell(82.12, 0.22, 3, true, []), score, score, score, score, new ResultCell(0.5194, 0.0015, 3, true, [])], 6.26e14, 4.02, 1, noMetrics, noLosses),
                    new ResultRow("equal", RowRole.Contender, null, 3, [new ResultCell(80.53, 0.03, 3, false, []), score, none, none, none, none], null, null, 1, noMetrics, noLosses),
                ]),
            null,
            ["Bold: within two standard deviations of the best of the column."]);
    }
}
