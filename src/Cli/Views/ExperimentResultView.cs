using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Experiments;

namespace Temper.Cli.Views;

/// <summary>What came of an experiment: its table, its answer, and where to look further.</summary>
internal static class ExperimentResultView
{
    // Beside a label, so many fit 80 columns.
    private const int TasksPerTable = 3;
    private const int LabelWidth = 24;

    /// <param name="report">The experiment's results.</param>
    /// <param name="reportPath">Path of report.html; null where it is not written.</param>
    public static IRenderable Render(ExperimentReport report, string? reportPath)
    {
        var table = report.Table;
        var tasks = Enumerable.Range(0, table.Columns.Count).Where(i => table.Columns[i].Kind == ColumnKind.Task);
        List<IRenderable> parts = [Text.Empty, .. tasks.Chunk(TasksPerTable).Select(some => Scores(table, some)), Overall(table)];
        if (table.Rows.Any(row => row.Cells.Any(cell => cell.Bold)))
        {
            parts.Add(Cells.Prose("* stands for bold.", Cells.Soft));
        }

        parts.AddRange(report.Notes.Select(note => Cells.Prose(note, Cells.Soft)));
        parts.Add(Verdict(report));
        parts.AddRange(report.Answer.Select((sentence, i) => Cells.Prose(sentence, i == 0 ? Cells.Strong : Style.Plain)));
        var facts = new List<(string, IRenderable)>();
        if (report.Phase != ExperimentPhase.Succeeded && report.Reason.Length > 0)
        {
            facts.Add(("reason", Cells.Prose(report.Reason)));
        }

        // Paths are never cut: they are there to be copied.
        if (reportPath is not null)
        {
            facts.Add(("report", Cells.Prose(reportPath)));
        }
        return new Rows([.. parts, Text.Empty, Cells.Facts(facts)]);
    }

    private static Table Scores(ResultTable table, IReadOnlyList<int> columns)
    {
        var view = Rows(table, columns.Select(i => Heading(table.Columns[i])));
        foreach (var row in table.Rows)
        {
            view.AddRow([Label(row), .. columns.Select(i => Score(row.Cells[i], table.Columns[i]))]);
        }

        return view;
    }

    private static Table Overall(ResultTable table)
    {
        var hasRatio = table.Rows.Any(row => row.CostRatio is not null);
        int[] columns = [ResultTable.Average, table.Columns.Count - 1];
        var view = Rows(table, ["n", "Average\n×100", "Held-out loss\nnats per token", "Training\nFLOPs", .. hasRatio ? ["Cost\n×"] : Array.Empty<string>()]);
        foreach (var row in table.Rows)
        {
            view.AddRow(
            [
                Label(row),
                Cells.Number(Figures.Count(row.Samples), Cells.Soft),
                .. columns.Select(i => Score(row.Cells[i], table.Columns[i])),
                Cells.Number(Figures.Flops(row.TrainingFlops)),
                .. hasRatio ? [Cells.Number(row.CostRatio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : Figures.None)] : Array.Empty<IRenderable>(),
            ]);
        }

        return view;
    }

    private static Table Rows(ResultTable table, IEnumerable<string> headings)
    {
        var view = Cells.Table([("Row", false), .. headings.Select(heading => (heading, true))]);
        view.Columns[0].Width = Math.Min(LabelWidth, table.Rows.Select(row => SafeText.OneLine(row.Label).Length).Append("Row".Length).Max());
        return view;
    }

    private static OneLine Label(ResultRow row) => Cells.Data(row.Label);

    private static string Heading(ResultColumn column) => $"{ColumnWords.Of(column)}\n{ColumnWords.Unit(column)}";

    // The star says where bold cannot be seen what bold says.
    private static Text Score(ResultCell cell, ResultColumn column)
    {
        var deviation = cell.Deviation is { } sigma ? $" ± {ColumnWords.Deviation(column, sigma)}" : "";
        return Cells.Number($"{ColumnWords.Figure(column, cell.Mean)}{deviation}{(cell.Bold ? "*" : " ")}", cell.Bold ? Cells.Strong : Style.Plain);
    }

    private static Padder Verdict(ExperimentReport report)
    {
        var done = report.Runs.Count(run => run.Phase == RunPhase.Succeeded);
        var time = report.Seconds is { } seconds ? $" in {Figures.Duration(seconds)}" : "";
        var line = new Paragraph()
            .Append(Phases.Words(report.Phase), Phases.Style(report.Phase))
            .Append("  ")
            .Append(SafeText.OneLine(report.Name), Cells.Strong)
            .Append($": {Figures.Count(done)} of {Figures.Counted(report.Runs.Count, "run", "runs")}{time}, {Figures.Flops(report.TrainingFlops)} training FLOPs");
        return new Padder(line, new Padding(1, 1, 0, 1));
    }
}
