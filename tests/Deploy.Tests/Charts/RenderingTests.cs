using Temper.TestKit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;
using k8s.Models;

namespace Temper.Deploy.Tests.Charts;

/// <summary>What helm makes of the chart.</summary>
public sealed class RenderingTests
{
    public static TheoryData<string> AllValues => Chart.AllValues;

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Helm_finds_nothing_to_complain_about(string values)
    {
        var (exitCode, output, error) = Helm.Run("lint", "--strict", Chart.Folder, "--values", Chart.ValuesFile(values));

        Assert.True(exitCode == 0, output + error);
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_object_is_one_that_Kubernetes_knows_with_a_name_of_its_own(string values)
    {
        var objects = Chart.With(values).Objects;

        Assert.All(objects, one => Assert.Matches("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", one.Name()));
        Assert.Equal(objects.Count, objects.Select(one => (one.GetType(), one.Name())).Distinct().Count());
    }

    [Fact]
    public void A_field_that_Kubernetes_does_not_know_would_be_found()
    {
        const string misspelt = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: one}
            spec: {replicaz: 3}
            """;

        Assert.ThrowsAny<YamlException>(() => Chart.Read(misspelt).ToList());
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_object_says_whose_it_is(string values) => Assert.All(Chart.With(values).Objects, one =>
    {
        Assert.Equal("temper", one.GetLabel("app.kubernetes.io/name"));
        Assert.Equal(Chart.Release, one.GetLabel("app.kubernetes.io/instance"));
        Assert.NotNull(one.GetLabel("app.kubernetes.io/component"));
    });

    [Fact]
    public void The_defaults_are_a_whole_system_without_GPUs()
    {
        var chart = Chart.With("default");

        Assert.Equal(3, chart.All<V1Deployment>().Single().Spec.Replicas);
        Assert.Equal(["trial-temper-agent-cpu", "trial-temper-postgres"], chart.All<V1StatefulSet>().Select(set => set.Name()).Order());
        Assert.All(chart.Pods, pod => Assert.DoesNotContain("nvidia.com/gpu", pod.Container.Resources.Limits.Keys));
        Assert.Equal(2, chart.All<V1Secret>().Count());
        Assert.Single(chart.All<V1PersistentVolumeClaim>());
    }

    [Fact]
    public void Agents_with_GPUs_have_as_many_as_slots_and_room_to_exchange_in()
    {
        var agents = Chart.With("gpu").PodsOf("agent").ToDictionary(pod => pod.Owner);

        Assert.Equal(["trial-temper-agent-h100", "trial-temper-agent-l4"], agents.Keys.Order());
        foreach (var (owner, slots, sharedMemory) in new[] { ("trial-temper-agent-h100", "8", "16Gi"), ("trial-temper-agent-l4", "1", "4Gi") })
        {
            var pod = agents[owner];
            Assert.Equal(slots, pod.Container.Resources.Limits["nvidia.com/gpu"].ToString());
            Assert.Contains($"--slots={slots}", pod.Container.Args);
            Assert.Contains("temper-agent-cuda:", pod.Container.Image, StringComparison.Ordinal);
            var volume = Assert.Single(pod.Spec.Volumes, volume => volume.Name == "shared-memory");
            Assert.Equal(("Memory", sharedMemory), (volume.EmptyDir.Medium, volume.EmptyDir.SizeLimit.ToString()));
            Assert.Equal("/dev/shm", Assert.Single(pod.Container.VolumeMounts, mount => mount.Name == "shared-memory").MountPath);
        }
    }

    [Fact]
    public void With_a_database_and_secrets_of_somebody_else_none_are_made()
    {
        var chart = Chart.With("external-postgres");

        Assert.Empty(chart.All<V1Secret>());
        Assert.Empty(chart.PodsOf("postgres"));
        var variable = Assert.Single(chart.PodsOf("coordinator").Single().Container.Env, variable => variable.Name == "TEMPER_DATABASE");
        Assert.Equal(("postgres-app", "uri"), (variable.ValueFrom.SecretKeyRef.Name, variable.ValueFrom.SecretKeyRef.Key));
    }

    [Fact]
    public void The_generated_address_of_the_database_enters_the_generated_database()
    {
        var chart = Chart.With("default");
        var secret = chart.All<V1Secret>().Single(secret => secret.Data.ContainsKey("password"));
        var text = secret.Data.ToDictionary(pair => pair.Key, pair => System.Text.Encoding.UTF8.GetString(pair.Value));
        var environment = chart.PodsOf("postgres").Single().Container.Env.ToDictionary(variable => variable.Name, variable => variable.Value);
        var service = Assert.Single(chart.All<V1Service>(), service => service.Name() == "trial-temper-postgres");

        Assert.Equal($"postgresql://{environment["POSTGRES_USER"]}:{text["password"]}@{service.Name()}:{service.Spec.Ports.Single().Port}/{environment["POSTGRES_DB"]}", text["url"]);
    }

    [Fact]
    public void Dashboards_and_rules_are_handed_on_as_they_are()
    {
        var chart = Chart.With("ingress-monitoring");
        var maps = chart.All<V1ConfigMap>().SelectMany(map => map.Data).ToDictionary();
        foreach (var dashboard in FilesIn("dashboards", "*.json"))
        {
            Assert.Equal(File.ReadAllText(dashboard).TrimEnd(), maps[$"training-{Path.GetFileName(dashboard)}"].TrimEnd());
        }

        Assert.Equal(FilesIn("dashboards", "*.json").Count(), maps.Count);
        var written = FilesIn("rules", "temper.rules.yaml").Select(File.ReadAllText).Select(Rules.Deserialize<PrometheusRuleSpec>).SingleOrDefault() ?? new PrometheusRuleSpec();
        Assert.Equal(Texts(written), Texts(chart.All<PrometheusRule>().Single().Spec));
        Assert.All(chart.All<V1ConfigMap>(), map => Assert.Equal("1", map.GetLabel("grafana_dashboard")));
        Assert.All(chart.All<PrometheusRule>(), rule => Assert.Equal("prometheus", rule.GetLabel("release")));
    }

    [Theory]
    [InlineData("coordinator.replicas=2")]
    [InlineData("coordinator.replicas=three")]
    [InlineData("coordinator.replica=3")]
    [InlineData("coordinators.replicas=3")]
    [InlineData("agents.cpu.gpus=1")]
    [InlineData("agents.cpu.slots=0")]
    [InlineData("agents.CPU.replicas=1")]
    [InlineData("artifacts.size=big")]
    [InlineData("artifacts.accessMode=ReadOnlyMany")]
    [InlineData("ingress.enabled=true")]
    [InlineData("data[0].name=corpora")]
    [InlineData("secrets.agentToken=abc")]
    public void Values_that_are_misspelt_or_make_no_sense_are_refused(string value)
    {
        var (exitCode, _, error) = Helm.Run("template", Chart.Release, Chart.Folder, "--set", value);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("don't meet the specifications of the schema", error, StringComparison.Ordinal);
    }

    private static IDeserializer Rules { get; } = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build();

    private static IEnumerable<string> FilesIn(string folder, string pattern) =>
        Path.Combine(Chart.Folder, folder) is var path && Directory.Exists(path) ? Directory.EnumerateFiles(path, pattern) : [];

    private static string Texts(PrometheusRuleSpec rules) => new SerializerBuilder().Build().Serialize(rules);
}
