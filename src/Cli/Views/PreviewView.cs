using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;
using Temper.Mixture.Examples;

namespace Temper.Cli.Views;

/// <summary>What a run will train on, before it does.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Draws">How many draws were counted.</param>
/// <param name="Parameters">Weights of the model.</param>
/// <param name="MemoryBytes">Peak memory of one trainer, estimated.</param>
/// <param name="Defaults">What is taken where the spec leaves a setting open that follows others.</param>
/// <param name="Tasks">The tasks.</param>
internal sealed record Preview(string Name, long Draws, long Parameters, long MemoryBytes, IReadOnlyList<TakenDefault> Defaults, IReadOnlyList<PreviewTask> Tasks);

/// <summary>A task of a preview.</summary>
/// <param name="Name">The task.</param>
/// <param name="Train">Training rows.</param>
/// <param name="Validation">Validation rows.</param>
/// <param name="Test">Test rows.</param>
/// <param name="Rate">Its share of the examples, 0 to 1.</param>
/// <param name="Epochs">How often the run goes through its rows.</param>
/// <param name="Drawn">How often it came up in the counted draws.</param>
/// <param name="Inputs">Input lengths in tokens.</param>
/// <param name="Targets">Target lengths in tokens.</param>
/// <param name="Rows">A few rows: untrusted text.</param>
internal sealed record PreviewTask(
    string Name, int Train, int Validation, int Test, double Rate, double Epochs, long Drawn, LengthSummary Inputs, LengthSummary Targets, IReadOnlyList<TextExample> Rows);

/// <summary>How long rows are, in tokens with their end of sequence, and how many are longer than the spec allows.</summary>
internal sealed record LengthSummary(int Median, int P95, int Longest, int Cut);

/// <summary>Shows a <see cref="Preview"/>.</summary>
internal static class PreviewView
{
    public static IRenderable Render(Preview preview)
    {
        var title = new Paragraph()
            .Append(SafeText.OneLine(preview.Name), Cells.Strong)
            .Append($"  {Figures.Rate(preview.Parameters)} parameters, about {Gibibytes(preview.MemoryBytes)} of memory for each trainer", Cells.Soft);
        return new Rows(
            [new Padder(title, new Padding(1, 1, 0, 0)), .. Defaults(preview), Mixture(preview), Bound(preview), Lengths(preview), .. preview.Tasks.SelectMany(Rows)]);
    }

    private static IEnumerable<IRenderable> Defaults(Preview preview)
    {
        if (preview.Defaults.Count == 0)
        {
            yield break;
        }

        yield return new Padder(new Text("Taken where the spec says nothing:", Cells.Soft), new Padding(1, 1, 0, 0));
        yield return Cells.Facts(preview.Defaults.Select(taken => (
            taken.Path, (IRenderable)new Paragraph().Append(taken.Value).Append($"  {taken.Reason}", Cells.Soft))));
    }

    private static Table Mixture(Preview preview)
    {
        var table = Cells.Table(
            ("Task", false), ("Train", true), ("Valid", true), ("Test", true), ("Rate", true), ("Epochs", true), ("Drawn", true), ("Share", true), ("Off by", true));
        foreach (var task in preview.Tasks)
        {
            var off = Off(preview, task);
            table.AddRow(
                Cells.Name(task.Name),
                Cells.Number(Figures.Count(task.Train)),
                Cells.Number(Figures.Count(task.Validation)),
                Cells.Number(Figures.Count(task.Test)),
                Cells.Number(Figures.Percent(task.Rate)),
                Cells.Number(task.Epochs.ToString("0.0", CultureInfo.InvariantCulture)),
                Cells.Number(Figures.Count(task.Drawn)),
                Cells.Number(Figures.Percent(preview.Draws > 0 ? (double)task.Drawn / preview.Draws : null)),
                Cells.Number(off.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture), Math.Abs(off) < 1 ? Cells.Good : Cells.Bad));
        }

        return table;
    }

    private static Padder Bound(Preview preview)
    {
        var worst = preview.Tasks.Select(task => Math.Abs(Off(preview, task))).DefaultIfEmpty(0).Max();
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"After {preview.Draws:#,0} draws no task is further than {worst:0.00} examples from its rate; {(worst < 1 ? "the promise is" : "that breaks the promise of")} less than 1 at any time.");
        return new Padder(new Text(text, worst < 1 ? Cells.Soft : Cells.Bad), new Padding(1, 0, 0, 1));
    }

    private static double Off(Preview preview, PreviewTask task) => task.Drawn - (preview.Draws * task.Rate);

    private static Table Lengths(Preview preview)
    {
        var table = Cells.Table(
            ("Tokens", false), ("Input\nmedian", true), ("95 %", true), ("longest", true), ("cut", true), ("Target\nmedian", true), ("95 %", true), ("longest", true), ("cut", true));
        foreach (var task in preview.Tasks)
        {
            table.AddRow([Cells.Name(task.Name), .. Lengths(task.Inputs), .. Lengths(task.Targets)]);
        }

        return table;
    }

    private static IEnumerable<IRenderable> Lengths(LengthSummary lengths)
    {
        yield return Cells.Number(Figures.Count(lengths.Median));
        yield return Cells.Number(Figures.Count(lengths.P95));
        yield return Cells.Number(Figures.Count(lengths.Longest));
        yield return Cells.Number(Figures.Count(lengths.Cut), lengths.Cut > 0 ? Cells.Mid : Cells.Soft);
    }

    private static IEnumerable<IRenderable> Rows(PreviewTask task)
    {
        yield return new Padder(Cells.Name(task.Name), new Padding(1, 0, 0, 0));
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(3, 0, 1, 0) });
        grid.AddColumn(new GridColumn { Padding = new Padding(0) });
        foreach (var row in task.Rows)
        {
            grid.AddRow(new Text(" "), Cells.Data(row.Inputs, Cells.Soft));
            grid.AddRow(new Text("→", Cells.Soft), Cells.Data(row.Targets));
        }

        yield return grid;
        yield return Text.Empty;
    }

    private static string Gibibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB");
}
