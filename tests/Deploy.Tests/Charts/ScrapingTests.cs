using Temper.TestKit;
using YamlDotNet.RepresentationModel;

namespace Temper.Deploy.Tests.Charts;

/// <summary>Prometheus and Grafana find what the chart and compose.yaml put there, under the same names in both.</summary>
public sealed class ScrapingTests
{
    private static readonly Service s_prometheus = Compose.File.Services["prometheus"];
    private static readonly YamlMappingNode s_config = Read("deploy/prometheus/prometheus.yml");

    [Fact]
    public void Every_coordinator_and_every_agent_is_scraped_where_it_shows_its_metrics()
    {
        var port = CoordinatorPorts.Of(Chart.With("default")).Metrics;
        foreach (var job in Jobs())
        {
            var names = (YamlMappingNode)((YamlSequenceNode)job["dns_sd_configs"]).Children.Single();
            var component = (string)((YamlSequenceNode)names["names"]).Children.Single()!;

            Assert.Equal((port.ToString(System.Globalization.CultureInfo.InvariantCulture), "A"), ((string?)names["port"], (string?)names["type"]));
            Assert.Equal($"temper-{component}", (string?)job["job_name"]);
            Assert.Equal(
                Compose.File.Services.Where(pair => pair.Key.StartsWith(component, StringComparison.Ordinal)).Select(pair => pair.Key),
                Compose.File.Services.Where(pair => pair.Value.Networks.Values.Any(network => network.Aliases.Contains(component))).Select(pair => pair.Key));
        }
    }

    [Fact]
    public void Jobs_are_called_the_same_under_Kubernetes()
    {
        var chart = Chart.With("ingress-monitoring");
        var relabeling = chart.All<PodMonitor>().Single().Spec.PodMetricsEndpoints.Single().Relabelings.Single();
        var components = chart.PodsOf("coordinator").Concat(chart.PodsOf("agent")).Select(pod => pod.Component);

        Assert.Equal(("__meta_kubernetes_pod_label_app_kubernetes_io_component", "job"), (relabeling.SourceLabels.Single(), relabeling.TargetLabel));
        Assert.Equal(Jobs().Select(job => (string?)job["job_name"]).Order(), components.Select(component => relabeling.Replacement.Replace("$1", component, StringComparison.Ordinal)).Order());
    }

    [Fact]
    public void Rules_and_dashboards_are_mounted_where_they_are_looked_for()
    {
        var rules = (string)((YamlSequenceNode)s_config["rule_files"]).Children.Single()!;
        var dashboards = (string)((YamlSequenceNode)Read("deploy/grafana/provisioning/dashboards/temper.yaml")["providers"]).Children.Single()["options"]["path"]!;

        Assert.Contains($"./deploy/helm/temper/rules:{Path.GetDirectoryName(rules)}:ro", s_prometheus.Volumes);
        Assert.Contains($"--config.file={s_prometheus.Volumes.Single(volume => volume.Contains("prometheus.yml", StringComparison.Ordinal)).Split(':')[1]}", s_prometheus.Command!);
        Assert.Contains($"./deploy/helm/temper/dashboards:{dashboards}:ro", Compose.File.Services["grafana"].Volumes);
    }

    [Fact]
    public void Grafana_asks_the_Prometheus_beside_it()
    {
        var source = ((YamlSequenceNode)Read("deploy/grafana/provisioning/datasources/prometheus.yaml")["datasources"]).Children.Single();
        var address = new Uri((string)source["url"]!);

        Assert.Equal(s_prometheus.Ports.Single().Split(':')[^1], $"{address.Port}");
        Assert.Same(s_prometheus, Compose.File.Services[address.Host]);
    }

    private static IEnumerable<YamlNode> Jobs() => ((YamlSequenceNode)s_config["scrape_configs"]).Children;

    private static YamlMappingNode Read(string path)
    {
        var file = new YamlStream();
        using var text = File.OpenText(Path.Combine(Repository.Root, path));
        file.Load(text);
        return (YamlMappingNode)file.Documents[0].RootNode;
    }
}
