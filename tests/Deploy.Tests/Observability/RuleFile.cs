using Temper.TestKit;
using YamlDotNet.RepresentationModel;

namespace Temper.Deploy.Tests.Observability;

/// <summary>Recording rules and alerts, and their tests.</summary>
internal static class RuleFile
{
    public static string Folder { get; } = Path.Combine(Repository.Root, "deploy/helm/temper/rules");

    /// <summary>Recorded names with their expressions.</summary>
    public static IReadOnlyDictionary<string, MetricQuery> Recorded { get; } = Rules("record").ToDictionary(rule => rule.Name, rule => rule.Query);

    /// <summary>Alerts with their expressions.</summary>
    public static IReadOnlyDictionary<string, MetricQuery> Alerts { get; } = Rules("alert").ToDictionary(rule => rule.Name, rule => rule.Query);

    /// <summary>The rule of an alert.</summary>
    public static YamlMappingNode Alert(string name) => All().Single(rule => Text(rule, "alert") == name);

    /// <summary>How often each alert is shown to fire, and to be silent, by the tests of promtool.</summary>
    public static IReadOnlyList<(string Alert, bool Fires)> AlertTests { get; } =
    [
        .. Tests("alert_rule_test").Select(test => (Text(test, "alertname")!, ((YamlSequenceNode)test["exp_alerts"]).Children.Count > 0)),
    ];

    /// <summary>The queries that the tests of promtool evaluate.</summary>
    public static IReadOnlyList<string> QueryTests { get; } = [.. Tests("promql_expr_test").Select(test => Text(test, "expr")!)];

    public static string? Text(YamlNode node, string key) => node is YamlMappingNode map && map.Children.TryGetValue(key, out var value) ? (string?)value : null;

    private static IEnumerable<(string Name, MetricQuery Query)> Rules(string kind) =>
        All().Where(rule => Text(rule, kind) is not null).Select(rule => (Text(rule, kind)!, new MetricQuery($"rule {Text(rule, kind)}", Text(rule, "expr")!.Trim())));

    private static IEnumerable<YamlMappingNode> All() =>
        ((YamlSequenceNode)Read("temper.rules.yaml")["groups"]).SelectMany(group => (YamlSequenceNode)group["rules"]).Cast<YamlMappingNode>();

    private static IEnumerable<YamlMappingNode> Tests(string kind) =>
        ((YamlSequenceNode)Read("temper.rules.test.yaml")["tests"]).Cast<YamlMappingNode>()
            .SelectMany(test => test.Children.TryGetValue(kind, out var checks) ? (YamlSequenceNode)checks : []).Cast<YamlMappingNode>();

    private static YamlMappingNode Read(string name)
    {
        var file = new YamlStream();
        using var text = File.OpenText(Path.Combine(Folder, name));
        file.Load(text);
        return (YamlMappingNode)file.Documents[0].RootNode;
    }
}
