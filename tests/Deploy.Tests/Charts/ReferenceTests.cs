using k8s.Models;

namespace Temper.Deploy.Tests.Charts;

/// <summary>What objects of the chart say of each other is so.</summary>
public sealed class ReferenceTests
{
    // What the files of values in ci/ name as being there already, with the keys of Secrets.
    private static readonly Dictionary<string, string[]> s_existing = new()
    {
        ["temper-keys"] = ["agent-token", "admin-key"],
        ["postgres-app"] = ["uri"],
        ["temper-tls"] = [],
        ["registry"] = [],
        ["shared-runs"] = [],
        ["corpora"] = [],
        ["glue"] = [],
    };

    public static TheoryData<string> AllValues => Chart.AllValues;

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Selectors_of_workloads_select_their_own_pods_and_no_others(string values)
    {
        var chart = Chart.With(values);
        var selectors = chart.All<V1Deployment>().Select(one => (Name: one.Name(), one.Spec.Selector))
            .Concat(chart.All<V1StatefulSet>().Select(one => (Name: one.Name(), one.Spec.Selector)));

        Assert.All(selectors, one => Assert.Equal([one.Name], Selected(chart, one.Selector.MatchLabels).Select(pod => pod.Owner)));
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Selectors_hold_nothing_that_an_upgrade_changes(string values)
    {
        var chart = Chart.With(values);
        var labels = chart.All<V1Deployment>().Select(one => one.Spec.Selector).Concat(chart.All<V1StatefulSet>().Select(one => one.Spec.Selector)).SelectMany(selector => selector.MatchLabels.Keys);

        Assert.All(labels, label => Assert.Contains(label, new[] { "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "temper/agent-group" }));
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Services_select_pods_of_one_component_that_have_the_port(string values)
    {
        var chart = Chart.With(values);
        Assert.All(chart.All<V1Service>(), service =>
        {
            var pods = Selected(chart, service.Spec.Selector);
            // There may be no agents at all.
            Assert.All(pods, pod => Assert.Equal(service.GetLabel("app.kubernetes.io/component"), pod.Component));
            Assert.True(pods.Count > 0 || service.GetLabel("app.kubernetes.io/component") == "agent");
            Assert.All(service.Spec.Ports ?? [], port => Assert.All(pods, pod => Assert.Contains(port.TargetPort.Value, pod.Container.Ports.Select(one => one.Name))));
        });
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void StatefulSets_name_a_Service_that_selects_them(string values)
    {
        var chart = Chart.With(values);
        Assert.All(chart.All<V1StatefulSet>(), set =>
        {
            var service = Assert.Single(chart.All<V1Service>(), service => service.Name() == set.Spec.ServiceName);
            Assert.Contains(set.Name(), Selected(chart, service.Spec.Selector).Select(pod => pod.Owner));
        });
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_workload_that_may_be_disturbed_has_a_budget_which_lets_a_drain_go_on(string values)
    {
        var chart = Chart.With(values);
        var budgets = chart.All<V1PodDisruptionBudget>().ToList();

        Assert.All(budgets, budget => Assert.Equal("1", budget.Spec.MaxUnavailable.Value));
        Assert.Equal(
            chart.Pods.Where(pod => pod.Component is "coordinator" or "agent").Select(pod => pod.Owner).Order(),
            budgets.SelectMany(budget => Selected(chart, budget.Spec.Selector.MatchLabels)).Select(pod => pod.Owner).Order());
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_policy_selects_pods(string values)
    {
        var chart = Chart.With(values);
        Assert.All(
            chart.All<V1NetworkPolicy>().Where(policy => policy.GetLabel("app.kubernetes.io/component") != "agent"),
            policy => Assert.NotEmpty(Selected(chart, policy.Spec.PodSelector.MatchLabels)));
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_secret_claim_and_account_that_a_pod_names_is_made_or_named_as_existing(string values)
    {
        var chart = Chart.With(values);
        var made = chart.All<V1Secret>().ToDictionary(secret => secret.Name(), secret => secret.Data.Keys.ToArray());
        Assert.All(chart.Pods, pod =>
        {
            var container = pod.Container;
            Assert.Contains(pod.Spec.ServiceAccountName, chart.All<V1ServiceAccount>().Select(account => account.Name()));
            Assert.All(pod.Spec.ImagePullSecrets ?? [], secret => Assert.True(s_existing.ContainsKey(secret.Name)));
            Assert.Null(container.EnvFrom);
            Assert.All((container.Env ?? []).Select(variable => variable.ValueFrom?.SecretKeyRef).OfType<V1SecretKeySelector>(), key =>
                Assert.Contains(key.Key, made.GetValueOrDefault(key.Name) ?? s_existing[key.Name]));
            Assert.All(pod.Spec.Volumes.Select(volume => volume.PersistentVolumeClaim).OfType<V1PersistentVolumeClaimVolumeSource>(), claim =>
                Assert.True(s_existing.ContainsKey(claim.ClaimName) || chart.All<V1PersistentVolumeClaim>().Any(one => one.Name() == claim.ClaimName), claim.ClaimName));
            Assert.All(pod.Spec.Volumes, volume => Assert.True(volume.ConfigMap is null && volume.Secret is null));
        });
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_mount_has_its_volume_and_every_volume_a_mount(string values)
    {
        var chart = Chart.With(values);
        Assert.All(chart.Pods, pod =>
        {
            var templates = chart.All<V1StatefulSet>().Where(set => set.Name() == pod.Owner).SelectMany(set => set.Spec.VolumeClaimTemplates ?? []).Select(claim => claim.Name());
            Assert.Equal(pod.Spec.Volumes.Select(volume => volume.Name).Concat(templates).Order(), pod.Container.VolumeMounts.Select(mount => mount.Name).Order());
        });
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Variables_in_arguments_are_defined_before(string values) => Assert.All(Chart.With(values).Pods, one =>
    {
        var used = (one.Container.Args ?? []).Where(argument => argument.Contains("$(", StringComparison.Ordinal)).Select(argument => argument[(argument.IndexOf("$(", StringComparison.Ordinal) + 2)..argument.IndexOf(')', StringComparison.Ordinal)]);
        Assert.Empty(used.Except((one.Container.Env ?? []).Select(variable => variable.Name)));
    });

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Probes_ask_ports_that_the_container_has(string values) => Assert.All(Chart.With(values).Pods, one =>
    {
        var probes = new[] { one.Container.StartupProbe, one.Container.ReadinessProbe, one.Container.LivenessProbe }.OfType<V1Probe>();
        var asked = probes.Select(probe => probe.HttpGet?.Port.Value ?? probe.TcpSocket?.Port.Value).OfType<string>();
        Assert.Empty(asked.Except((one.Container.Ports ?? []).Select(port => port.Name)));
    });

    [Fact]
    public void The_ingress_leads_to_the_web_page()
    {
        var chart = Chart.With("ingress-monitoring");
        var ingress = chart.All<V1Ingress>().Single();
        var backend = ingress.Spec.Rules.Single().Http.Paths.Single().Backend.Service;
        var service = Assert.Single(chart.All<V1Service>(), service => service.Name() == backend.Name);

        Assert.Contains(backend.Port.Name, service.Spec.Ports.Select(port => port.Name));
        Assert.Equal("ClientIP", service.Spec.SessionAffinity);
        Assert.Equal(ingress.Spec.Rules.Single().Host, ingress.Spec.Tls.Single().Hosts.Single());
        Assert.True(s_existing.ContainsKey(ingress.Spec.Tls.Single().SecretName));
    }

    [Fact]
    public void Coordinators_and_agents_are_scraped_and_nobody_else()
    {
        var chart = Chart.With("ingress-monitoring");
        var monitor = chart.All<PodMonitor>().Single();
        var endpoint = monitor.Spec.PodMetricsEndpoints.Single();
        var scraped = Selected(chart, monitor.Spec.Selector.MatchLabels).Where(pod => (pod.Container.Ports ?? []).Any(port => port.Name == endpoint.Port));

        Assert.Equal(["agent", "coordinator"], scraped.Select(pod => pod.Component).Order());
    }

    private static List<PodTemplate> Selected(Chart chart, IDictionary<string, string> labels) => [.. chart.Pods.Where(pod => labels.All(label => pod.Labels.TryGetValue(label.Key, out var value) && value == label.Value))];
}
