using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>An experiment and its runs as they are now: drawn again and again while it is watched.</summary>
internal static class ExperimentProgressView
{
    /// <summary>Renders it.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="runs">Its runs, in the order of its layout.</param>
    /// <param name="most">Most runs to list, those with workers first.</param>
    public static IRenderable Render(ExperimentStatus experiment, IReadOnlyList<RunStatus> runs, int most)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(1, 0, 2, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        grid.AddColumn(new GridColumn { Padding = new Padding(0) });
        grid.AddRow(Cells.Data(experiment.Name, Cells.Strong), new Text(Words(experiment.Phase), Style(experiment.Phase)), Cells.Prose(experiment.Reason, Cells.Soft));
        return new Rows(Text.Empty, grid, Text.Empty, Bar(experiment), Runs(runs, most));
    }

    /// <summary>How a phase is written.</summary>
    public static string Words(ExperimentPhase phase) => phase.ToString().ToLowerInvariant();

    /// <summary>How a phase looks.</summary>
    public static Style Style(ExperimentPhase phase) => phase switch
    {
        ExperimentPhase.Succeeded => Cells.Good,
        ExperimentPhase.Failed => Cells.Bad,
        ExperimentPhase.Cancelled or ExperimentPhase.Cancelling or ExperimentPhase.Paused => Cells.Mid,
        _ => Cells.Strong,
    };

    private static Grid Bar(ExperimentStatus experiment)
    {
        var share = experiment.PlannedFlops > 0 ? experiment.Flops / experiment.PlannedFlops
            : experiment.Runs == 0 ? 0 : (double)(experiment.Succeeded + experiment.Unsuccessful) / experiment.Runs;
        var grid = new Grid { Expand = true };
        grid.AddColumn(new GridColumn { Padding = new Padding(1, 0, 2, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 1, 0) });
        grid.AddRow(
            new StepBar(share, Style(experiment.Phase)),
            new Text($"{experiment.Succeeded + experiment.Unsuccessful} / {Figures.Counted(experiment.Runs, "run", "runs")}"),
            new Text($"{Figures.Percent(share)} of the compute", Cells.Soft));
        return grid;
    }

    private static IRenderable Runs(IReadOnlyList<RunStatus> runs, int most)
    {
        var table = Cells.Table(("Run", false), ("Phase", false), ("Steps", true), ("Why", false));
        var shown = runs.OrderBy(Rank).Take(most).ToHashSet();
        foreach (var run in runs.Where(shown.Contains))
        {
            table.AddRow(
                Cells.Name(run.ExperimentKey),
                new Text(Phases.Words(run.Phase), Phases.Style(run.Phase)),
                Cells.Number(run.Steps == 0 ? "evaluation" : $"{Figures.Count(run.Step)} / {Figures.Count(run.Steps)}"),
                run.Phase is RunPhase.Running or RunPhase.Succeeded ? Text.Empty : Cells.Data(run.Reason, Cells.Soft));
        }

        var left = runs.Count - shown.Count;
        return left <= 0 ? table : new Rows(table, new Text($" and {Figures.Counted(left, "more run", "more runs")}", Cells.Soft));
    }

    // What moves or went wrong is worth a line before what waits, and that before what is done.
    private static int Rank(RunStatus run) => run.Phase switch
    {
        RunPhase.Failed or RunPhase.Recovering => 0,
        RunPhase.Succeeded or RunPhase.Cancelled => 3,
        RunPhase.Queued => 2,
        _ => 1,
    };
}
