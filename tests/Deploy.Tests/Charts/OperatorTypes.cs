using k8s;
using k8s.Models;
using YamlDotNet.Serialization;

namespace Temper.Deploy.Tests.Charts;

// What the chart uses of the Prometheus operator's types, version v1: its client library is not Kubernetes' own.

internal sealed class PodMonitor : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public PodMonitorSpec Spec { get; set; } = new();
}

internal sealed class PodMonitorSpec
{
    public V1LabelSelector Selector { get; set; } = new();

    public IList<PodMetricsEndpoint> PodMetricsEndpoints { get; set; } = [];
}

internal sealed class PodMetricsEndpoint
{
    public string Port { get; set; } = "";

    public string Path { get; set; } = "";

    public string Interval { get; set; } = "";

    public IList<Relabeling> Relabelings { get; set; } = [];
}

internal sealed class Relabeling
{
    public IList<string> SourceLabels { get; set; } = [];

    public string TargetLabel { get; set; } = "";

    public string Replacement { get; set; } = "";
}

internal sealed class PrometheusRule : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public PrometheusRuleSpec Spec { get; set; } = new();
}

internal sealed class PrometheusRuleSpec
{
    public IList<RuleGroup> Groups { get; set; } = [];
}

internal sealed class RuleGroup
{
    public string Name { get; set; } = "";

    public string? Interval { get; set; }

    public IList<Rule> Rules { get; set; } = [];
}

internal sealed class Rule
{
    public string? Record { get; set; }

    public string? Alert { get; set; }

    public string Expr { get; set; } = "";

    public string? For { get; set; }

    [YamlMember(Alias = "keep_firing_for")]
    public string? KeepFiringFor { get; set; }

    public IDictionary<string, string>? Labels { get; set; }

    public IDictionary<string, string>? Annotations { get; set; }
}
