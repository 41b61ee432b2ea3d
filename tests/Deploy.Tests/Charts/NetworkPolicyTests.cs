using k8s.Models;

namespace Temper.Deploy.Tests.Charts;

/// <summary>The network policies let through what the parts need, and nothing else.</summary>
public sealed class NetworkPolicyTests
{
    private const int Free = 40123;
    private const int Names = 53;
    private const int Database = 5432;
    private static readonly Dictionary<string, string> s_home = Namespace(Chart.Namespace);

    // The minimal values do without policies.
    public static TheoryData<string> AllValues => [.. Chart.AllValues.Select(row => row.Data).Where(values => values != "minimal")];

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Each_part_reaches_what_it_needs_and_nothing_else(string values)
    {
        var chart = Chart.With(values);
        var rule = new NetworkRule([.. chart.All<V1NetworkPolicy>()], s_home);
        var ports = CoordinatorPorts.Of(chart);
        List<Party> parties =
        [
            .. chart.Pods.Select(pod => new Party(pod.Owner, s_home, pod.Labels)),
            new Party("database", Namespace("databases"), new Dictionary<string, string>()),
            new Party("dns", Namespace("kube-system"), new Dictionary<string, string> { ["k8s-app"] = "kube-dns" }),
            new Party("ingress", Namespace("ingress-nginx"), new Dictionary<string, string>()),
            new Party("prometheus", Namespace("monitoring"), new Dictionary<string, string>()),
            new Party("newcomer", s_home, new Dictionary<string, string>(chart.Pods.First().Labels) { ["app.kubernetes.io/component"] = "newcomer" }),
            new Party("neighbour", s_home, new Dictionary<string, string>()),
            new Party("stranger", Namespace("elsewhere"), new Dictionary<string, string>()),
        ];

        var wrong =
            from one in parties
            from other in parties
            where (Component(one) ?? Component(other)) is not null
            from port in (int[])[ports.Rest, ports.Silo, ports.Gateway, ports.Metrics, Database, Names, Free]
            let wanted = Needs(one, other, port, ports, chart.PodsOf("postgres").Any())
            where rule.Allows(one, other, port) != wanted
            select $"{one} -> {other}:{port} should be {(wanted ? "allowed" : "refused")}";
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Names_are_resolved_over_UDP(string values)
    {
        var chart = Chart.With(values);
        var rule = new NetworkRule([.. chart.All<V1NetworkPolicy>()], s_home);
        var dns = new Party("dns", Namespace("kube-system"), new Dictionary<string, string> { ["k8s-app"] = "kube-dns" });

        Assert.All(chart.Pods, pod => Assert.Equal(pod.Component != "postgres", rule.Allows(new Party(pod.Owner, s_home, pod.Labels), dns, Names, "UDP")));
    }

    // An outside party is whoever has no component; what reaches it from here, or from it, is all that is asked.
    private static bool Needs(Party from, Party to, int port, CoordinatorPorts ports, bool bundled) => (Component(from) ?? from.Name, Component(to) ?? to.Name) switch
    {
        ("coordinator", "coordinator") => port == ports.Silo,
        ("agent", "coordinator") => port == ports.Rest || port == ports.Gateway,
        ("agent", "agent") => true,
        ("test" or "ingress", "coordinator") => port == ports.Rest,
        ("prometheus", "coordinator" or "agent") => port == ports.Metrics,
        ("coordinator", "postgres") => port == Database,
        ("coordinator", "database") => port == Database && !bundled,
        ("coordinator" or "agent" or "test", "dns") => port == Names,
        _ => false,
    };

    private static string? Component(Party party) => party.Labels.TryGetValue("app.kubernetes.io/component", out var component) ? component : null;

    private static Dictionary<string, string> Namespace(string name) => new() { ["kubernetes.io/metadata.name"] = name };
}
