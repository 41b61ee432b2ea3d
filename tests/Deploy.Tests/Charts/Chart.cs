using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Charts;

/// <summary>The chart, rendered by helm with one of the files of values in <c>ci/</c>, and read strictly: a field that Kubernetes does not know is an error.</summary>
internal sealed class Chart
{
    private static readonly ConcurrentDictionary<string, Chart> s_rendered = new();

    private static readonly Dictionary<string, Type> s_operatorTypes = new()
    {
        ["monitoring.coreos.com/v1/PodMonitor"] = typeof(PodMonitor),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(PrometheusRule),
    };

    private Chart(string values)
    {
        Values = values;
        var (exitCode, output, error) = Helm.Run("template", Release, Folder, "--namespace", Namespace, "--values", ValuesFile(values));
        Assert.True(exitCode == 0, error);
        Objects = [.. Read(output)];
    }

    /// <summary>The name of the release that is rendered.</summary>
    public const string Release = "trial";

    /// <summary>The namespace that it is rendered for.</summary>
    public const string Namespace = "training";

    /// <summary>The chart's folder.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "deploy", "helm", "temper");

    /// <summary>Names of the files in <c>ci/</c>, without their ending, as data for theories.</summary>
    public static TheoryData<string> AllValues { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Folder, "ci"), $"*{Ending}").Select(path => Path.GetFileName(path)[..^Ending.Length]).Order(StringComparer.Ordinal)];

    /// <summary>The file of values that it was rendered with.</summary>
    public string Values { get; }

    /// <summary>Everything that would be sent to a cluster.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; }

    /// <summary>Pods that run temper, told by their images.</summary>
    public IEnumerable<PodTemplate> TemperPods => Pods.Where(pod => pod.Container.Image.Contains("temper-", StringComparison.Ordinal));

    /// <summary>All pods that there would be.</summary>
    public IEnumerable<PodTemplate> Pods => Objects.Select(PodTemplate? (one) => one switch
    {
        V1Deployment deployment => new(deployment.Name(), deployment.Spec.Template.Metadata.Labels, deployment.Spec.Template.Spec),
        V1StatefulSet set => new(set.Name(), set.Spec.Template.Metadata.Labels, set.Spec.Template.Spec),
        V1Pod pod => new(pod.Name(), pod.Metadata.Labels, pod.Spec),
        _ => null,
    }).OfType<PodTemplate>();

    /// <summary>The pods of one component; of agents there may be several kinds.</summary>
    public IEnumerable<PodTemplate> PodsOf(string component) => Pods.Where(pod => pod.Component == component);

    /// <summary>Objects of one type.</summary>
    public IEnumerable<T> All<T>() => Objects.OfType<T>();

    /// <summary>The chart with the values of <c>ci/NAME-values.yaml</c>; rendered once in a process.</summary>
    public static Chart With(string values) => s_rendered.GetOrAdd(values, name => new Chart(name));

    /// <summary>Path of a file of values.</summary>
    public static string ValuesFile(string values) => Path.Combine(Folder, "ci", values + Ending);

    /// <summary>Reads manifests strictly.</summary>
    public static IEnumerable<IKubernetesObject<V1ObjectMeta>> Read(string manifests) =>
        KubernetesYaml.LoadAllFromString(manifests, s_operatorTypes, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>();

    private const string Ending = "-values.yaml";
}

/// <summary>A kind of pod.</summary>
/// <param name="Owner">Name of the object that makes such pods.</param>
/// <param name="Labels">Their labels.</param>
/// <param name="Spec">What they are.</param>
internal sealed record PodTemplate(string Owner, IDictionary<string, string> Labels, V1PodSpec Spec)
{
    public string Component => Labels["app.kubernetes.io/component"];

    /// <summary>The one container.</summary>
    public V1Container Container => Spec.Containers.Single();

    /// <summary>What a failed assertion says.</summary>
    public override string ToString() => Owner;
}
