using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>A run while it trains, drawn again and again in place.</summary>
internal static class RunLiveView
{
    public static IRenderable Render(RunProgress progress)
    {
        if (progress.Status is not { } status)
        {
            return new Text("Waiting for the coordinator …", Cells.Soft);
        }

        return new Rows(
            Text.Empty,
            Header(status),
            Text.Empty,
            Bar(progress, status),
            Text.Empty,
            Numbers(progress, status),
            Tasks(progress));
    }

    private static Grid Header(RunStatus status)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(1, 0, 2, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        grid.AddColumn(new GridColumn { Padding = new Padding(0) });
        grid.AddRow(Cells.Data(status.Name, Cells.Strong), new Text(Phases.Words(status.Phase), Phases.Style(status.Phase)), Cells.Prose(status.Reason, Cells.Soft));
        return grid;
    }

    private static Grid Bar(RunProgress progress, RunStatus status)
    {
        var share = progress.Steps > 0 ? (double)progress.Step / progress.Steps : 0;
        var left = progress.SecondsLeft is { } seconds ? $"{Figures.Duration(seconds)} left" : "";
        var grid = new Grid { Expand = true };
        grid.AddColumn(new GridColumn { Padding = new Padding(1, 0, 2, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 1, 0) });
        grid.AddRow(
            new StepBar(share, Phases.Style(status.Phase)),
            new Text($"{Figures.Count(progress.Step)} / {Figures.Count(progress.Steps)}"),
            new Text(left, Cells.Soft));
        return grid;
    }

    private static Padder Numbers(RunProgress progress, RunStatus status)
    {
        var line = new Paragraph();
        void Add(string before, string value, string after, Style? style = null) =>
            line.Append((line.Length > 0 ? "  " : "") + before, Cells.Soft).Append(value, style ?? Cells.Strong).Append(after, Cells.Soft);

        Add("loss ", Figures.Loss(progress.Loss), "");
        Add("lr ", Figures.Small(progress.Last?.LearningRate), "");
        Add("step ", Figures.Duration(progress.StepSeconds), "");
        Add("", Figures.Rate(progress.TokensPerSecond), " tokens/s");
        Add("", Figures.Count(status.Workers), status.Workers == 1 ? " worker" : " workers");
        Add("", Figures.Count(status.Recoveries.Count), status.Recoveries.Count == 1 ? " recovery" : " recoveries", status.Recoveries.Count > 0 ? Cells.Mid : Cells.Strong);
        return new Padder(line, new Padding(1, 0, 0, 0));
    }

    private static Table Tasks(RunProgress progress)
    {
        var table = Cells.Table(("Task", false), ("Examples", true), ("Loss", true), ("Rate", true), ("of\nexamples", true), ("of target\ntokens", true), ("Last evaluation", false));
        table.Expand = false;
        var whole = progress.Totals;
        foreach (var (name, task) in progress.Tasks)
        {
            table.AddRow(
                Cells.Name(name),
                Cells.Number(Figures.Count(task.Totals.Examples)),
                Cells.Number(Figures.Loss(task.Loss)),
                Cells.Number(Figures.Percent(task.Rate), Cells.Soft),
                Cells.Number(Share(task.Totals.Examples, whole.Examples)),
                Cells.Number(Share(task.Totals.TargetTokens, whole.TargetTokens)),
                task.Evaluation is { } row ? Cells.Data($"{Cells.Result(row)} · step {Figures.Count(row.Step)}", least: 18) : new Text(Figures.None, Cells.Soft));
        }

        return table;
    }

    private static string Share(long part, long whole) => whole == 0 ? Figures.None : Figures.Percent((double)part / whole);
}
