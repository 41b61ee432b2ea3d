using System.Globalization;
using System.Text;
using System.Xml.Linq;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Charts;

/// <summary>How a series is drawn.</summary>
public enum SeriesStyle
{
    /// <summary>A clear line.</summary>
    Line,

    /// <summary>A faint line behind another: raw values.</summary>
    Faint,

    /// <summary>A clear line with a dot at each of its few points.</summary>
    Dots,
}

/// <summary>One curve.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">In the order of X.</param>
/// <param name="Colour">Number of a colour of the page, from 0.</param>
/// <param name="Style">How it is drawn.</param>
public sealed record Series(string Name, IReadOnlyList<Point> Points, int Colour = 0, SeriesStyle Style = SeriesStyle.Line);

/// <summary>A line chart as inline SVG. Colours and type come from the page's style sheet, so that it follows light and dark.</summary>
/// <param name="Id">Unique in the page: title and description are tied to it.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Description">What one would see, in a sentence, for those who do not.</param>
/// <param name="Unit">What the vertical axis counts.</param>
/// <param name="Series">The curves.</param>
internal sealed record SvgChart(string Id, string Title, string Description, string Unit, IReadOnlyList<Series> Series)
{
    public const int ColourCount = 8;

    private const int Left = 56;
    private const int Right = 14;
    private const int Top = 12;
    private const int Bottom = 34;

    public int Width { get; init; } = 520;

    public int Height { get; init; } = 260;

    /// <summary>At most this many points a curve.</summary>
    public int MaxPoints { get; init; } = 1000;

    /// <summary>Whether a logarithmic axis would mislead, as it would for metrics.</summary>
    public bool IsLinear { get; init; }

    /// <summary>The highest value that there can be; the axis ends there.</summary>
    public double? Ceiling { get; init; }

    /// <summary>Last step of the horizontal axis, so that charts of one page can be compared; null for the data's own.</summary>
    public double? LastStep { get; init; }

    private double PlotWidth => Width - Left - Right;

    private double PlotHeight => Height - Top - Bottom;

    /// <summary>The figure: caption, legend where there is more than one kind of line, plot.</summary>
    public XElement ToFigure()
    {
        var points = Series.SelectMany(series => series.Points).Where(point => double.IsFinite(point.Y)).ToList();
        var caption = Tag("figcaption", Title);
        if (points.Count == 0)
        {
            return Tag("figure", Class("chart"), caption, Tag("p", Class("nothing"), "No data."));
        }

        var x = Axis.Steps(points.Min(p => p.X), Math.Max(points.Max(p => p.X), LastStep ?? 0));
        var y = VerticalAxis(points);
        caption.Add(Tag("span", Class("unit"), " " + Unit + (y.IsLog ? ", log scale" : "")));
        return Tag("figure", Class("chart"), caption, Legend(), Svg(x, y));
    }

    private Axis VerticalAxis(List<Point> points)
    {
        var (low, high) = (points.Min(p => p.Y), points.Max(p => p.Y));
        if (!IsLinear)
        {
            return Axis.Auto(low, high, 5);
        }

        var axis = Axis.Linear(low, high, low >= 0, 5);
        return Ceiling is { } most && axis.High > most && high <= most
            ? axis with { High = most, Ticks = [.. axis.Ticks.Where(tick => tick.Value <= most)] }
            : axis;
    }

    private XElement? Legend() => Series.Count < 2 ? null : Tag(
        "ul",
        Class("legend"),
        Series.Select(series => Tag(
            "li",
            Tag(
                "svg",
                Attr("viewBox", "0 0 22 10"),
                Attr("aria-hidden", "true"),
                Tag("path", Class(LineClass(series)), Attr("d", "M0 5H22"))),
            series.Name)));

    private XElement Svg(Axis x, Axis y) => Tag(
        "svg",
        Class("plot"),
        Attr("viewBox", $"0 0 {Width} {Height}"),
        Attr("role", "img"),
        Attr("aria-labelledby", $"{Id}-t {Id}-d"),
        Tag("title", Attr("id", $"{Id}-t"), Title),
        Tag("desc", Attr("id", $"{Id}-d"), Description),
        Grid(x, y),
        Series.Select(series => Line(series, x, y)));

    private XElement Grid(Axis x, Axis y)
    {
        var grid = Tag("g", Class("grid"));
        foreach (var tick in y.Ticks)
        {
            var at = Y(y, tick.Value);
            grid.Add(
                Tag("line", Attr("x1", Number(Left)), Attr("x2", Number(Width - Right)), Attr("y1", Number(at)), Attr("y2", Number(at))),
                Tag("text", Class("y"), Attr("x", Number(Left - 7)), Attr("y", Number(at + 4)), tick.Label));
        }

        foreach (var tick in x.Ticks)
        {
            var at = X(x, tick.Value);
            grid.Add(
                Tag("line", Class("tick"), Attr("x1", Number(at)), Attr("x2", Number(at)), Attr("y1", Number(Height - Bottom)), Attr("y2", Number(Height - Bottom + 5))),
                Tag("text", Class("x"), Attr("x", Number(at)), Attr("y", Number(Height - Bottom + 19)), tick.Label));
        }

        grid.Add(Tag("text", Class("y"), Attr("x", Number(Left - 12)), Attr("y", Number(Height - Bottom + 19)), "step"));
        grid.Add(Tag("line", Class("base"), Attr("x1", Number(Left)), Attr("x2", Number(Width - Right)), Attr("y1", Number(Height - Bottom)), Attr("y2", Number(Height - Bottom))));
        return grid;
    }

    private IEnumerable<XElement> Line(Series series, Axis x, Axis y)
    {
        var points = Curve.Thin(series.Points, MaxPoints);
        var isAlone = points.Count(point => double.IsFinite(point.Y)) == 1;
        yield return Tag("path", Class(LineClass(series)), Attr("d", PathOf(points, x, y)));
        if (series.Style == SeriesStyle.Dots || (isAlone && series.Style == SeriesStyle.Line))
        {
            foreach (var point in points.Where(point => double.IsFinite(point.Y)))
            {
                yield return Tag(
                    "circle",
                    Class($"dot c{series.Colour}"),
                    Attr("cx", Number(X(x, point.X))),
                    Attr("cy", Number(Y(y, point.Y))),
                    Attr("r", "3"),
                    Tag("title", string.Create(CultureInfo.InvariantCulture, $"{series.Name}, step {point.X:#,0}: {point.Y:0.####}")));
            }
        }
    }

    private string PathOf(IReadOnlyList<Point> points, Axis x, Axis y)
    {
        var path = new StringBuilder();
        var isDown = false;
        foreach (var point in points)
        {
            // A gap lifts the pen; so does what a logarithm cannot show.
            if (!double.IsFinite(point.Y) || (y.IsLog && point.Y <= 0))
            {
                isDown = false;
                continue;
            }

            path.Append(isDown ? 'L' : 'M').Append(Number(X(x, point.X))).Append(' ').Append(Number(Y(y, point.Y)));
            isDown = true;
        }

        return path.ToString();
    }

    private static string LineClass(Series series) =>
        (series.Style == SeriesStyle.Faint ? "line faint" : "line") + $" c{series.Colour.ToString(CultureInfo.InvariantCulture)}";

    private double X(Axis axis, double value) => Left + (axis.Place(value) * PlotWidth);

    private double Y(Axis axis, double value) => Top + ((1 - axis.Place(value)) * PlotHeight);

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
