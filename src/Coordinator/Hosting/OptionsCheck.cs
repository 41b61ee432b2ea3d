using System.Net;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Hosting;

/// <summary>Refuses options that would start something unsafe or useless, naming every mistake at once.</summary>
internal static class OptionsCheck
{
    public static IReadOnlyList<string> Mistakes(CoordinatorOptions options)
    {
        var mistakes = new List<string>();
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0 || url.PathAndQuery + url.Fragment != "/" || !options.Url.StartsWith(url.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            mistakes.Add($"The address '{options.Url}' is not one to listen on. Write http://HOST:PORT.");
        }
        else if (url.Scheme == "https")
        {
            mistakes.Add($"REST does not speak TLS itself, so it cannot listen on {options.Url}. Listen on http://127.0.0.1:PORT and put a proxy that speaks TLS before it.");
        }
        else if (!options.IsLoopback && !HoldsKey(options))
        {
            var command = $"temper key create --name NAME --role admin{(options.Database is null ? $" --state {options.StateDirectory}" : "")}";
            mistakes.Add($"REST would listen on {options.Url} for everybody: no API key opens it. Make one with `{command}`, or listen on 127.0.0.1.");
        }

        if (options.AdminKey is { } secret && KeyStore.BootstrapMistake(secret) is { } weakness)
        {
            mistakes.Add(weakness);
        }

        if (string.IsNullOrWhiteSpace(options.AgentToken))
        {
            mistakes.Add("The agent token is empty. Give a secret that agents show.");
        }

        if (options.ClusterAddress.Equals(IPAddress.Any) || options.ClusterAddress.Equals(IPAddress.IPv6Any))
        {
            mistakes.Add($"The cluster address {options.ClusterAddress} is none that agents could connect to, and it is what they are told. Name the address of this machine in their network.");
        }

        mistakes.AddRange(options.DataRoots
            .Where(root => !Directory.Exists(root))
            .Select(root => $"The data root '{root}' is not a folder."));
        if (options.AgentGrace < options.AgentSilence)
        {
            mistakes.Add($"AgentGrace {options.AgentGrace} is shorter than AgentSilence {options.AgentSilence}: a restart would take living agents for lost.");
        }

        return mistakes;
    }

    private static bool HoldsKey(CoordinatorOptions options) =>
        options.AdminKey is not null || (options.Database is { } url ? KeyStore.HoldsKey(url) : KeyStore.HoldsKey(options.StateDirectory));
}
