using System.Globalization;
using System.Xml.Linq;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Html;

/// <summary>How good each task is, and whether it got what the mixture promised.</summary>
internal static class ResultsSection
{
    public static XElement? Build(RunReport report)
    {
        if (report.Tasks.Count == 0)
        {
            return null;
        }

        // One scale for all bars: the largest share fills its bar, so small tasks stay comparable and visible.
        var full = report.Rates.Values.Concat(report.Shares.Values.SelectMany(share => new[] { share.Examples, share.TargetTokens })).DefaultIfEmpty(1).Max();
        var epochs = report.Tasks.Values.Any(task => task.Epochs is not null);
        return Tag(
            "section",
            Tag("h2", "Results"),
            Tag(
                "div",
                Class("scroll"),
                Attr("tabindex", "0"),
                Attr("role", "region"),
                Attr("aria-label", "Results by task"),
                Tag(
                    "table",
                    Tag("caption", "By task; metrics ×100, losses in nats per target token."),
                    Tag("thead", Tag("tr", Headings(epochs))),
                    Tag("tbody", report.Tasks.Select(task => Row(task.Key, task.Value, report, full, epochs))))),
            Warnings(report),
            Tag("p", Class("note"), "Metrics are those of the test split where a task has one with labels, else of validation; – is not defined; a task without metrics has its loss there. Bars show what each task really got of all steps; the upright line marks its rate in the mixture. Rates are about examples: a task with long targets gets more of the tokens."));
    }

    private static IEnumerable<XElement> Warnings(RunReport report) =>
        report.Tasks.SelectMany(task => (task.Value.Judged?.Warnings ?? []).Select(warning => Tag("p", Class("note"), Tag("b", task.Key), $": {warning}")));

    private static IEnumerable<XElement> Headings(bool epochs)
    {
        yield return Heading("Task", "");
        yield return Heading("Metrics", "");
        yield return Heading("Split", "");
        yield return Heading("Evaluated", "num");
        yield return Heading("Trained on", "num");
        if (epochs)
        {
            yield return Heading("Epochs", "num");
        }

        yield return Heading("Rate", "num");
        yield return Heading("Share of examples", "num");
        yield return Heading("Share of target tokens", "num");
    }

    private static XElement Heading(string text, string kind) =>
        Tag("th", Attr("scope", "col"), kind.Length == 0 ? null : Class(kind), text);

    private static XElement Row(string name, TaskReport task, RunReport report, double full, bool epochs)
    {
        double? rate = report.Rates.TryGetValue(name, out var given) ? given : null;
        var share = report.Shares[name];
        return Tag(
            "tr",
            Tag("th", Attr("scope", "row"), name),
            Tag("td", Result(task)),
            Tag("td", task.Split ?? Figures.None, task.Judged is { Final: false } early ? Tag("span", Class("dim"), $" at step {Figures.Count(early.Step)}") : null),
            Cell(Figures.Count(task.Judged?.Examples)),
            Cell(Figures.Count(task.ExamplesSeen)),
            epochs ? Cell(task.Epochs is { } times ? times.ToString("0.0", CultureInfo.InvariantCulture) : Figures.None) : null,
            Cell(Figures.Percent(rate)),
            Cell(Figures.Percent(share.Examples), Bar(share.Examples, rate, full)),
            Cell(Figures.Percent(share.TargetTokens), Bar(share.TargetTokens, rate, full)));
    }

    private static IEnumerable<XElement> Result(TaskReport task) => task.Judged switch
    {
        null => [Tag("span", Class("dim"), "not evaluated")],
        { Metrics.Count: 0 } judged => [Result(Figures.Loss(judged.Loss), "loss")],
        { } judged => judged.Metrics.Select(metric => Result(Figures.Metric(metric.Value), Figures.MetricName(metric.Key))),
    };

    private static XElement Result(string value, string name) =>
        Tag("span", Class("metric"), Tag("b", value), Tag("span", name));

    private static XElement Cell(params object?[] content) => Tag("td", [Class("num"), .. content]);

    private static XElement Bar(double share, double? rate, double full) => Tag(
        "svg",
        Class("bar"),
        Attr("viewBox", "0 0 96 9"),
        Attr("aria-hidden", "true"),
        Tag("rect", Class("rest"), Attr("x", "0"), Attr("y", "2"), Attr("width", "96"), Attr("height", "5"), Attr("rx", "1")),
        Tag("rect", Class("got"), Attr("x", "0"), Attr("y", "2"), Attr("width", Along(share, full)), Attr("height", "5"), Attr("rx", "1")),
        rate is { } mark
            ? Tag("line", Class("rate"), Attr("x1", Along(mark, full)), Attr("x2", Along(mark, full)), Attr("y1", "0"), Attr("y2", "9"))
            : null);

    private static string Along(double share, double full) =>
        (full > 0 && share > 0 ? Math.Clamp(share / full, 0.01, 0.99) * 96 : 0).ToString("0.#", CultureInfo.InvariantCulture);
}
