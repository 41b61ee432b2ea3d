using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Coordinator.Reports;
using Temper.Mixture.Tasks;

namespace Temper.Cli.Views;

/// <summary>Every mistake of a spec, with its place and what would be right.</summary>
internal static class SpecErrorsView
{
    /// <summary>Shows them: laid out on a terminal, a line a mistake elsewhere.</summary>
    public static void Write(IAnsiConsole console, string spec, IReadOnlyList<SpecError> errors)
    {
        if (console.Profile.Out.IsTerminal)
        {
            console.Write(Render(spec, errors));
            return;
        }

        foreach (var line in Lines(spec, errors))
        {
            console.Profile.Out.Writer.WriteLine(line);
        }
    }

    public static IRenderable Render(string spec, IReadOnlyList<SpecError> errors)
    {
        var parts = new List<IRenderable>
        {
            new Paragraph().Append("✗ ", Cells.Bad).Append(SafeText.OneLine(Title(spec, errors)), Cells.Strong),
        };
        foreach (var error in errors)
        {
            parts.Add(Text.Empty);
            parts.Add(new Padder(Cells.Prose(error.Path, Cells.Mid), new Padding(2, 0, 0, 0)));
            parts.Add(new Padder(Cells.Prose(error.Message), new Padding(4, 0, 0, 0)));
        }

        return new Rows(parts);
    }

    /// <summary>The same for pipes and logs: one line a mistake, never wrapped.</summary>
    public static IEnumerable<string> Lines(string spec, IReadOnlyList<SpecError> errors) =>
        errors.Select(error => SafeText.OneLine(error.ToString())).Prepend(SafeText.OneLine(Title(spec, errors)));

    private static string Title(string spec, IReadOnlyList<SpecError> errors) =>
        $"{spec} has {Figures.Counted(errors.Count, "mistake", "mistakes")}; nothing was started.";
}
