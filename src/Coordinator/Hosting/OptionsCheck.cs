using System.Net;

namespace Temper.Coordinator.Hosting;

/// <summary>Refuses options that would start something unsafe or useless, naming every mistake at once.</summary>
internal static class OptionsCheck
{
    public static IReadOnlyList<string> Mistakes(CoordinatorOptions options)
    {
        var mistakes = new List<string>();
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            mistakes.Add($"The address '{options.Url}' is not one to listen on. Write http://HOST:PORT.");
        }
        else if (!IsLoopback(url) && options.ApiKeyHashes.Count == 0)
        {
            mistakes.Add($"REST would listen on {options.Url} for everybody. Give an API key, or listen on 127.0.0.1.");
        }

        if (string.IsNullOrWhiteSpace(options.AgentToken))
        {
            mistakes.Add("The agent token is empty. Give a secret that agents show.");
        }

        mistakes.AddRange(options.ApiKeyHashes
            .Where(hash => hash.Length != 64 || !hash.All(char.IsAsciiHexDigit))
            .Select(_ => "An API key hash is not a SHA-256 in hexadecimal. Write the 64 digits that `sha256sum` prints for the key."));
        mistakes.AddRange(options.DataRoots
            .Where(root => !Directory.Exists(root))
            .Select(root => $"The data root '{root}' is not a folder."));
        if (options.AgentGrace < options.AgentSilence)
        {
            mistakes.Add($"AgentGrace {options.AgentGrace} is shorter than AgentSilence {options.AgentSilence}: a restart would take living agents for lost.");
        }

        return mistakes;
    }

    private static bool IsLoopback(Uri url) =>
        url.IsLoopback || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
