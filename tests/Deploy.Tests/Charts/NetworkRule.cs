using System.Globalization;
using k8s.Models;

namespace Temper.Deploy.Tests.Charts;

/// <summary>Somebody on the network: a pod with labels in a namespace with labels.</summary>
internal sealed record Party(string Name, IDictionary<string, string> Namespace, IDictionary<string, string> Labels)
{
    /// <summary>Theories show it.</summary>
    public override string ToString() => Name;
}

/// <summary>
/// What network policies mean, as Kubernetes defines it: a pod that no policy selects for a direction is open in it; one that is selected
/// has what any of its policies allows. Both ends must allow a connection.
/// </summary>
/// <param name="policies">The policies of one namespace.</param>
/// <param name="home">The labels of that namespace.</param>
internal sealed class NetworkRule(IReadOnlyList<V1NetworkPolicy> policies, IDictionary<string, string> home)
{
    /// <summary>Whether one may connect to another.</summary>
    public bool Allows(Party from, Party to, int port, string protocol = "TCP") =>
        Passes(from, "Egress", policy => (policy.Spec.Egress ?? []).Any(rule => Meets(rule.To, to) && Opens(rule.Ports, port, protocol)))
        && Passes(to, "Ingress", policy => (policy.Spec.Ingress ?? []).Any(rule => Meets(rule.FromProperty, from) && Opens(rule.Ports, port, protocol)));

    private bool Passes(Party party, string direction, Func<V1NetworkPolicy, bool> allows)
    {
        var mine = IsHome(party) ? policies.Where(policy => policy.Spec.PolicyTypes.Contains(direction) && Matches(policy.Spec.PodSelector, party.Labels)).ToList() : [];
        return mine.Count == 0 || mine.Any(allows);
    }

    private bool Meets(IList<V1NetworkPolicyPeer>? peers, Party party) => peers is not { Count: > 0 } || peers.Any(peer =>
    {
        Assert.Null(peer.IpBlock);
        return (peer.NamespaceSelector is null ? IsHome(party) : Matches(peer.NamespaceSelector, party.Namespace))
            && (peer.PodSelector is null || Matches(peer.PodSelector, party.Labels));
    });

    private bool IsHome(Party party) => party.Namespace.OrderBy(pair => pair.Key, StringComparer.Ordinal).SequenceEqual(home.OrderBy(pair => pair.Key, StringComparer.Ordinal));

    private static bool Opens(IList<V1NetworkPolicyPort>? ports, int port, string protocol) => ports is not { Count: > 0 } || ports.Any(one =>
    {
        Assert.Null(one.EndPort);
        return (one.Port is null || one.Port.Value == port.ToString(CultureInfo.InvariantCulture)) && (one.Protocol ?? "TCP") == protocol;
    });

    private static bool Matches(V1LabelSelector selector, IDictionary<string, string> labels)
    {
        Assert.Null(selector.MatchExpressions);
        return (selector.MatchLabels ?? new Dictionary<string, string>()).All(label => labels.TryGetValue(label.Key, out var value) && value == label.Value);
    }
}
