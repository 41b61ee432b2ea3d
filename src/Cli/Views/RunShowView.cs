using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>One run in full.</summary>
internal static class RunShowView
{
    public static IRenderable Render(RunStatus run, DateTimeOffset now)
    {
        var title = new Paragraph()
            .Append(SafeText.OneLine(run.Name), Cells.Strong)
            .Append("  ")
            .Append(Phases.Words(run.Phase), Phases.Style(run.Phase));
        var parts = new List<IRenderable> { new Padder(title, new Padding(1, 1, 0, 1)), Cells.Facts(Facts(run, now)) };
        if (run.Recoveries.Count > 0)
        {
            parts.Add(Text.Empty);
            parts.Add(Recoveries(run.Recoveries));
        }

        return new Rows(parts);
    }

    private static IEnumerable<(string, IRenderable)> Facts(RunStatus run, DateTimeOffset now)
    {
        yield return ("run", Cells.Prose(run.Id));
        yield return ("reason", Cells.Prose(run.Reason));
        yield return ("steps", new Text($"{Figures.Count(run.Step)} of {Figures.Count(run.Steps)}"));
        yield return ("last checkpoint", new Text(run.CheckpointStep is { } step ? $"step {Figures.Count(step)}" : Figures.None));
        yield return ("workers", new Text(Figures.Count(run.Workers)));
        foreach (var member in run.Members.OrderBy(member => member.Rank))
        {
            yield return ($"  rank {member.Rank}", Cells.Prose($"agent {member.AgentId}, slot {member.Slot}"));
        }

        yield return ("precision", Cells.Prose(run.Precision ?? Figures.None));
        yield return ("trainers started", new Text(Figures.Counted(run.Epoch, "time", "times")));
        yield return ("accepted", new Text(Time(run.CreatedAt)));
        yield return ("started", new Text(Time(run.StartedAt)));
        yield return ("ended", new Text(Time(run.EndedAt)));
        yield return ("took", new Text(run.StartedAt is { } started ? Figures.Duration(((run.EndedAt ?? now) - started).TotalSeconds) : Figures.None));
        yield return ("output", Cells.Prose(run.OutputDirectory));
    }

    private static Table Recoveries(IReadOnlyList<Recovery> recoveries)
    {
        var table = Cells.Table(("Recovered (UTC)", false), ("Epoch", true), ("Cause", false), ("What happened", false), ("From step", true));
        foreach (var recovery in recoveries)
        {
            table.AddRow(
                new Text(recovery.At.ToUniversalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)),
                Cells.Number(Figures.Count(recovery.Epoch)),
                Cells.Data(recovery.Cause.Replace('_', ' ')),
                Cells.Prose(recovery.Message),
                Cells.Number(Figures.Count(recovery.FromStep)));
        }

        return table;
    }

    private static string Time(DateTimeOffset? time) =>
        time?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) ?? Figures.None;
}
