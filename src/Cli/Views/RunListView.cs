using System.Globalization;
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

        var table = Cells.Table(("Run", false), ("Phase", false), ("Steps", true), ("Workers", true), ("Accepted (UTC)", false), ("Took", true));
        foreach (var run in runs.OrderByDescending(run => run.CreatedAt))
        {
            table.AddRow(
                new Rows(Cells.Prose(run.Id, Cells.Strong), Why(run)),
                new Text(Phases.Words(run.Phase), Phases.Style(run.Phase)),
                Cells.Number($"{Figures.Count(run.Step)} / {Figures.Count(run.Steps)}"),
                Cells.Number(Figures.Count(run.Workers)),
                new Text(run.CreatedAt.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)),
                Cells.Number(run.StartedAt is { } started ? Figures.Duration(((run.EndedAt ?? now) - started).TotalSeconds) : Figures.None));
        }

        return table;
    }

    // A run that trains or has trained explains itself; one that waits or failed does not.
    private static Text Why(RunStatus run) =>
        run.Phase is RunPhase.Running or RunPhase.Succeeded ? Cells.Data(run.Name, Cells.Soft) : Cells.Prose($"{run.Name}: {run.Reason}", Cells.Soft);
}
