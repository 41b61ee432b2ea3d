using System.Globalization;
using System.Text;
using Temper.Coordinator.Reports.Charts;

namespace Temper.Coordinator.Web.Charts;

/// <summary>How large a chart is drawn: its letters are as large in each.</summary>
public enum ChartSize
{
    /// <summary>One of two beside each other.</summary>
    Usual,

    /// <summary>One of many.</summary>
    Small,

    /// <summary>Alone.</summary>
    Wide,
}

/// <summary>Where everything of a chart is, in the units of its view box. The page draws it anew as rows come: only what moved is sent.</summary>
internal sealed class ChartGeometry
{
    private const int Left = 56;
    private const int Right = 14;
    private const int Top = 12;
    private const int Bottom = 34;
    private readonly Axis _x;
    private readonly Axis _y;
    private readonly int _most;

    public ChartGeometry(IReadOnlyList<Series> series, ChartSize size, bool isLinear, double? ceiling, double? lastX)
    {
        (Width, Height, _most) = size switch
        {
            ChartSize.Small => (360, 200, 200),
            ChartSize.Wide => (900, 360, 500),
            _ => (560, 270, 360),
        };
        var points = series.SelectMany(one => one.Points).Where(point => double.IsFinite(point.Y)).ToList();
        IsEmpty = points.Count == 0;
        (_x, _y) = IsEmpty
            ? (Axis.Steps(0, 1), Axis.Linear(0, 1, true, 5))
            : (Axis.Steps(points.Min(point => point.X), Math.Max(points.Max(point => point.X), lastX ?? 0)), Vertical(points, isLinear, ceiling));
    }

    public int Width { get; }

    public int Height { get; }

    public bool IsEmpty { get; }

    public bool IsLog => _y.IsLog;

    public string ViewBox => $"0 0 {Width} {Height}";

    /// <summary>What a script needs to tell values from places: the plot's box, then the ends of both axes.</summary>
    public string Scale => string.Create(CultureInfo.InvariantCulture, $"{Left} {Top} {PlotWidth} {PlotHeight} {_x.Low:R} {_x.High:R} {_y.Low:R} {_y.High:R} {(IsLog ? "log" : "linear")}");

    public static string LeftEnd => Number(Left);

    public static string YLabelEnd => Number(Left - 7);

    public static string XNameEnd => Number(Left - 12);

    public string RightEnd => Number(Width - Right);

    public string BottomLine => Number(Height - Bottom);

    public string TickEnd => Number(Height - Bottom + 5);

    public string XLabelLine => Number(Height - Bottom + 19);

    public IEnumerable<(string At, string LabelAt, string Label)> YTicks => _y.Ticks.Select(tick => (Number(Y(tick.Value)), Number(Y(tick.Value) + 4), tick.Label));

    public IEnumerable<(string At, string Label)> XTicks => _x.Ticks.Select(tick => (Number(X(tick.Value)), tick.Label));

    /// <summary>The line of a series; a gap lifts the pen, and so does what a logarithm cannot show.</summary>
    public string PathOf(Series series)
    {
        var path = new StringBuilder();
        var isDown = false;
        foreach (var point in Curve.Thin(series.Points, _most))
        {
            if (!IsDrawn(point))
            {
                isDown = false;
                continue;
            }

            path.Append(isDown ? 'L' : 'M').Append(Number(X(point.X))).Append(' ').Append(Number(Y(point.Y)));
            isDown = true;
        }

        return path.ToString();
    }

    /// <summary>The dots of a series, which has few points or only one.</summary>
    public IEnumerable<(string X, string Y)> DotsOf(Series series)
    {
        var drawn = series.Points.Where(IsDrawn).ToList();
        return series.Style == SeriesStyle.Dots || (series.Style == SeriesStyle.Line && drawn.Count == 1)
            ? drawn.TakeLast(_most).Select(point => (Number(X(point.X)), Number(Y(point.Y))))
            : [];
    }

    private static Axis Vertical(List<Point> points, bool isLinear, double? ceiling)
    {
        var (low, high) = (points.Min(point => point.Y), points.Max(point => point.Y));
        if (!isLinear)
        {
            return Axis.Auto(low, high, 5);
        }

        var axis = Axis.Linear(low, high, low >= 0, 5);
        return ceiling is { } most && axis.High > most && high <= most
            ? axis with { High = most, Ticks = [.. axis.Ticks.Where(tick => tick.Value <= most)] }
            : axis;
    }

    private double PlotWidth => Width - Left - Right;

    private double PlotHeight => Height - Top - Bottom;

    private bool IsDrawn(Point point) => double.IsFinite(point.Y) && !(IsLog && point.Y <= 0);

    private double X(double value) => Left + (_x.Place(value) * PlotWidth);

    private double Y(double value) => Top + ((1 - _y.Place(value)) * PlotHeight);

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
