using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>Text of data on exactly one line, cut with … where there is no room for all of it; Spectre's own texts would wrap.</summary>
/// <param name="text">What is shown.</param>
/// <param name="style">How.</param>
/// <param name="least">A column of such texts gives way to others down to this width.</param>
internal sealed class OneLine(string? text, Style? style = null, int least = 12) : Renderable
{
    private readonly Segment _segment = new(SafeText.OneLine(text), style ?? Style.Plain);

    protected override Measurement Measure(RenderOptions options, int maxWidth)
    {
        var width = _segment.CellCount();
        return new Measurement(Math.Min(Math.Min(width, least), maxWidth), Math.Min(width, maxWidth));
    }

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        if (_segment.CellCount() <= maxWidth)
        {
            yield return _segment;
        }
        else
        {
            yield return Segment.Truncate(_segment, Math.Max(0, maxWidth - 1)) ?? new Segment("");
            yield return new Segment(options.Unicode ? "…" : "~", _segment.Style);
        }
    }
}
