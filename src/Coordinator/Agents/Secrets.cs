using System.Security.Cryptography;
using System.Text;
using Temper.Coordinator.Hosting;

namespace Temper.Coordinator.Agents;

/// <summary>The secrets that callers show, as hashes: compared in constant time, whatever their lengths.</summary>
internal sealed class Secrets(CoordinatorOptions options)
{
    private readonly byte[] _agentToken = Hash(options.AgentToken);
    private readonly List<byte[]> _apiKeys = [.. options.ApiKeyHashes.Select(Convert.FromHexString)];

    public bool NeedsApiKey => _apiKeys.Count > 0;

    public bool IsAgentToken(string? shown) => shown is not null && CryptographicOperations.FixedTimeEquals(Hash(shown), _agentToken);

    public bool IsApiKey(string? shown)
    {
        if (shown is null)
        {
            return false;
        }

        var hash = Hash(shown);
        var isKnown = false;
        foreach (var key in _apiKeys)
        {
            isKnown |= CryptographicOperations.FixedTimeEquals(hash, key);
        }

        return isKnown;
    }

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
