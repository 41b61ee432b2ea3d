using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Observability;

/// <summary>A dashboard as it is provisioned.</summary>
internal sealed class Dashboard
{
    private Dashboard(string name, JsonNode json) => (Name, Json) = (name, json);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Dashboard> All { get; } =
    [
        .. Directory.GetFiles(Path.Combine(Repository.Root, "deploy/helm/temper/dashboards"), "*.json").Order(StringComparer.Ordinal)
            .Select(file => new Dashboard(Path.GetFileNameWithoutExtension(file), JsonNode.Parse(File.ReadAllText(file))!)),
    ];

    public string Name { get; }

    public JsonNode Json { get; }

    public IEnumerable<JsonNode> Panels => Json["panels"]!.AsArray().Select(panel => panel!);

    public IEnumerable<JsonNode> Variables => Json["templating"]!["list"]!.AsArray().Select(variable => variable!);

    /// <summary>Everything that it asks Prometheus for.</summary>
    public IEnumerable<MetricQuery> Queries =>
    [
        .. Variables.Where(variable => (string)variable["type"]! == "query").Select(variable => new MetricQuery($"{Name}, variable {variable["name"]}", (string)variable["query"]!["query"]!)),
        .. Panels.SelectMany(panel => (panel["targets"]?.AsArray() ?? []).Select(target =>
            new MetricQuery($"{Name}, panel {panel["id"]} ({panel["title"]})", (string)target!["expr"]!, (string?)target["legendFormat"] ?? ""))),
    ];
}
