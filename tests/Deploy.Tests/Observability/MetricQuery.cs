using System.Text.RegularExpressions;

namespace Temper.Deploy.Tests.Observability;

/// <summary>A query of a panel, a variable or a rule.</summary>
/// <param name="Where">Its place, for messages.</param>
/// <param name="Text">What it asks: PromQL, or Grafana's <c>label_values(…)</c>.</param>
/// <param name="Legend">How its series are called; empty if that is left to Grafana.</param>
internal sealed partial record MetricQuery(string Where, string Text, string Legend = "")
{
    private static readonly string[] s_words = ["by", "on", "ignoring", "without", "group_left", "group_right", "and", "or", "unless", "bool", "offset"];

    /// <summary>The parts of <c>label_values(selector, label)</c>; null for PromQL.</summary>
    public (string Selector, string Label)? LabelValues =>
        LabelValuesShape().Match(Text) is { Success: true } match ? (match.Groups["selector"].Value, match.Groups["label"].Value) : null;

    /// <summary>The metrics that it asks for, each with the labels that it selects by.</summary>
    public IReadOnlyList<(string Name, IReadOnlyList<string> Labels)> Metrics
    {
        get
        {
            var expression = Ranges().Replace(Groupings().Replace(LabelValues?.Selector ?? Text, " "), " ");
            return
            [
                .. Selectors().Matches(expression)
                    .Where(match => !s_words.Contains(match.Groups["name"].Value))
                    .Select(match => (match.Groups["name"].Value, (IReadOnlyList<string>)[.. Matchers().Matches(match.Groups["labels"].Value).Select(matcher => matcher.Groups[1].Value)])),
            ];
        }
    }

    /// <summary>The labels that it groups or joins by, or that its legend names.</summary>
    public IReadOnlyList<string> OtherLabels =>
    [
        .. Groupings().Matches(Text).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
        .. LegendLabels().Matches(Legend).Select(match => match.Groups[1].Value),
        .. LabelValues is var (_, label) ? [label] : Array.Empty<string>(),
    ];

    /// <summary>The query as Grafana sends it when everything is selected.</summary>
    public string Filled(string rateInterval) => Variables().Replace(Text, match => match.Value == "$__rate_interval" ? rateInterval : ".*");

    [GeneratedRegex(@"^label_values\((?<selector>.*),\s*(?<label>\w+)\)$")]
    private static partial Regex LabelValuesShape();

    [GeneratedRegex(@"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)")]
    private static partial Regex Groupings();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Ranges();

    // A name, and not of a function: that one has an opening parenthesis behind it. Numbers have no letter in front.
    [GeneratedRegex(@"(?<![\w:.$])(?<name>[a-zA-Z_][\w:]*)(?![\w:]*\s*\()(?:\{(?<labels>[^}]*)\})?")]
    private static partial Regex Selectors();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)\s*""")]
    private static partial Regex Matchers();

    [GeneratedRegex(@"\{\{\s*(\w+)\s*\}\}")]
    private static partial Regex LegendLabels();

    [GeneratedRegex(@"\$\w+")]
    private static partial Regex Variables();
}
