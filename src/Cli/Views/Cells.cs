using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Agents;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>
/// What tables are filled with. Text of data is always a <see cref="Text"/> or <see cref="OneLine"/>, never markup, and is cleaned of what would steer the
/// terminal: a prediction can then neither colour nor erase anything.
/// </summary>
internal static class Cells
{
    public static readonly Style Soft = new(Color.Grey);

    public static readonly Style Strong = new(decoration: Decoration.Bold);

    public static readonly Style Good = new(Color.Green);

    public static readonly Style Bad = new(Color.Red);

    public static readonly Style Mid = new(Color.Yellow);

    /// <summary>Text from anywhere, on one line, cut with … where it does not fit.</summary>
    public static OneLine Data(string? text, Style? style = null, int least = 12) => new(text, style, least);

    /// <summary>The name of a task or run, which is there to be recognised and copied.</summary>
    public static OneLine Name(string? text) => new(text, Strong, least: 32);

    /// <summary>Text from anywhere that may take several lines.</summary>
    public static Text Prose(string? text, Style? style = null) => new(SafeText.Lines(text), style);

    /// <summary>A number at the right.</summary>
    public static Text Number(string text, Style? style = null) => new(text, style) { Justification = Justify.Right };

    /// <summary>A table without frames: a rule below its headings. Fits 80 columns, so the gaps are narrow and headings may have two lines.</summary>
    public static Table Table(params (string Heading, bool IsNumber)[] columns)
    {
        var table = new Table { Border = TableBorder.Simple, BorderStyle = Soft, ShowRowSeparators = false };
        foreach (var (heading, isNumber) in columns)
        {
            // Names and numbers stay whole as long as another column can give way.
            table.AddColumn(new TableColumn(new Text(heading, Soft))
            {
                Alignment = isNumber ? Justify.Right : Justify.Left,
                NoWrap = isNumber || table.Columns.Count == 0,
                Padding = new Padding(0, 0, 1, 0),
            });
        }

        return table;
    }

    /// <summary>Names at the left, what they stand for at the right.</summary>
    public static Grid Facts(IEnumerable<(string Name, IRenderable Value)> facts)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(1, 0, 3, 0) });
        grid.AddColumn(new GridColumn { Padding = new Padding(0) });
        foreach (var (name, value) in facts)
        {
            grid.AddRow(Data(name, Soft, least: 40), value);
        }

        return grid;
    }

    /// <summary>What one must know to read the results of a task.</summary>
    public static Padder Warning(string task, string warning) =>
        new(new Paragraph().Append("! ", Mid).Append(SafeText.OneLine(task), Strong).Append($": {warning}"), new Padding(1, 0, 0, 0));

    /// <summary>"92.6 exact match, 88.9 bleu"; of a task without metrics its loss.</summary>
    public static string Result(EvaluationRow row) => row.Metrics.Count == 0
        ? $"loss {Figures.Loss(row.Loss)}"
        : string.Join(", ", row.Metrics.Select(metric => $"{Figures.Metric(metric.Value)} {Figures.MetricName(metric.Key)}"));
}
