using Spectre.Console;
using Spectre.Console.Rendering;

namespace Temper.EndToEnd.Tests.Views;

/// <summary>What a terminal would show, as text.</summary>
internal static class Screen
{
    public static string Of(IRenderable view, int width = 80, bool ansi = false)
    {
        var text = new StringWriter();
        Console(text, width, ansi).Write(view);
        return text.ToString();
    }

    public static IAnsiConsole Console(TextWriter output, int width = 80, bool ansi = false)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = ansi ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = ansi ? ColorSystemSupport.TrueColor : ColorSystemSupport.NoColors,
            Interactive = ansi ? InteractionSupport.Yes : InteractionSupport.No,
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
