using Spectre.Console;
using Spectre.Console.Rendering;

namespace Temper.Cli.Views;

/// <summary>A bar as wide as there is room.</summary>
/// <param name="share">How much of it is done, 0 to 1.</param>
/// <param name="style">Of the part that is done.</param>
internal sealed class StepBar(double share, Style style) : Renderable
{
    protected override Measurement Measure(RenderOptions options, int maxWidth) => new(10, maxWidth);

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var done = (int)Math.Round(Math.Clamp(share, 0, 1) * maxWidth);
        var (full, rest) = options.Unicode ? ('━', '─') : ('#', '-');
        yield return new Segment(new string(full, done), style);
        yield return new Segment(new string(rest, maxWidth - done), Cells.Soft);
    }
}
