using k8s.Models;

namespace Temper.Deploy.Tests.Charts;

/// <summary>What holds for every pod of the chart, whatever the values.</summary>
public sealed class PodLawTests
{
    public static TheoryData<string> AllValues => Chart.AllValues;

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_pod_meets_the_restricted_standard_and_writes_only_to_volumes(string values) => Assert.All(Chart.With(values).Pods, pod =>
    {
        var container = pod.Container;
        Assert.True(pod.Spec.SecurityContext.RunAsNonRoot);
        Assert.True(pod.Spec.SecurityContext.RunAsUser > 0);
        Assert.Equal("RuntimeDefault", pod.Spec.SecurityContext.SeccompProfile.Type);
        Assert.NotEqual(true, pod.Spec.HostNetwork ?? pod.Spec.HostPID ?? pod.Spec.HostIPC);
        Assert.Null(pod.Spec.InitContainers);
        Assert.All(pod.Spec.Volumes, volume => Assert.Null(volume.HostPath));
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.Null(container.SecurityContext.Capabilities.Add);
        Assert.Null(container.SecurityContext.Privileged);
        Assert.Null(container.SecurityContext.RunAsUser);
        Assert.Contains(container.VolumeMounts, mount => mount.MountPath == "/tmp");
        Assert.All(container.Ports ?? [], port => Assert.Null(port.HostPort));
    });

    [Theory]
    [MemberData(nameof(AllValues))]
    public void No_pod_holds_a_token_of_the_Kubernetes_API(string values)
    {
        Assert.All(Chart.With(values).Pods, pod => Assert.False(pod.Spec.AutomountServiceAccountToken));
        Assert.All(Chart.With(values).All<V1ServiceAccount>(), account => Assert.False(account.AutomountServiceAccountToken));
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Every_image_has_a_version(string values) =>
        Assert.All(Chart.With(values).Pods, pod => Assert.Matches("^[^:]+:[0-9]+([.][0-9]+)+[^:]*$", pod.Container.Image));

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Coordinators_have_no_limit_of_CPU_and_a_limit_of_memory(string values)
    {
        var limits = Chart.With(values).PodsOf("coordinator").Single().Container.Resources.Limits;

        Assert.Equal(["memory"], limits.Keys);
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Coordinators_are_spread_and_updated_without_a_gap(string values)
    {
        var deployment = Chart.With(values).All<V1Deployment>().Single();

        Assert.Equal("0", deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.Value);
        Assert.Equal(
            ["kubernetes.io/hostname", "topology.kubernetes.io/zone"],
            deployment.Spec.Template.Spec.TopologySpreadConstraints.Select(constraint => constraint.TopologyKey));
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Results_and_data_are_seen_at_the_same_places_by_coordinators_and_agents(string values)
    {
        var chart = Chart.With(values);
        var coordinator = Seen(chart.PodsOf("coordinator").Single());

        Assert.Contains(("/runs", false), coordinator.Select(one => (one.Path, one.ReadOnly)));
        Assert.All(coordinator.Where(one => one.Path != "/runs"), one => Assert.True(one.Path.StartsWith("/data/", StringComparison.Ordinal) && one.ReadOnly));
        Assert.All(chart.PodsOf("agent"), agent => Assert.Equal(coordinator, Seen(agent)));
    }

    [Fact]
    public void Data_is_mounted_below_the_folder_that_specs_name() =>
        Assert.Equal(["/data/corpora", "/data/glue", "/runs"], Seen(Chart.With("gpu").PodsOf("coordinator").Single()).Select(one => one.Path).Order(StringComparer.Ordinal));

    private static List<(string Path, string Claim, bool ReadOnly)> Seen(PodTemplate pod)
    {
        var claims = pod.Spec.Volumes.Where(volume => volume.PersistentVolumeClaim is not null).ToDictionary(volume => volume.Name, volume => volume.PersistentVolumeClaim.ClaimName);
        return [.. pod.Container.VolumeMounts
            .Where(mount => claims.ContainsKey(mount.Name))
            .Select(mount => (mount.MountPath, claims[mount.Name], mount.ReadOnlyProperty ?? false))];
    }
}
