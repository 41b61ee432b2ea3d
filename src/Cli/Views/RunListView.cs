using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>Runs, the newest first.</summary>
internal static class RunListView
{
    public static IRenderable Render(IReadOnlyList<RunStatus> runs, DateTimeOffset now)
    {
        if (runs.Count == 0)
        {
            return new Text("There are no runs yet. `temper submit SPEC` makes one.", Cells.Soft);
        }

        var table = Cells.Table(("Run", false), ("Phase", false), ("Steps", true), ("Age", true));
        foreach (var run in runs.OrderByDescending(run => run.CreatedAt))
        {
            table.AddRow(
                Cells.Name(run.Id),
                new Text(Phases.Words(run.Phase), Phases.Style(run.Phase)),
                Cells.Number($"{Figures.Count(run.Step)} / {Figures.Count(run.Steps)}"),
                Cells.Number(Figures.Duration((now - run.CreatedAt).TotalSeconds)));
        }

        // A run that trains or has trained explains itself; one that waits or failed does not.
        var reasons = runs.Where(run => run.Phase is not (RunPhase.Running or RunPhase.Succeeded) && run.Reason.Length > 0).ToList();
        return reasons.Count == 0
            ? table
            : new Rows(table, Cells.Facts(reasons.Select(run => (run.Id, (IRenderable)Cells.Prose(run.Reason)))), Text.Empty);
    }
}
