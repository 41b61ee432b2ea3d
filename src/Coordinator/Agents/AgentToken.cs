using System.Security.Cryptography;
using System.Text;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Agents;

/// <summary>The secret that agents show, as a hash: compared in constant time, whatever the lengths.</summary>
internal sealed class AgentToken(CoordinatorOptions options)
{
    private readonly byte[] _hash = Hash(options.AgentToken);

    public bool Is(string? shown) => shown is not null && CryptographicOperations.FixedTimeEquals(Hash(shown), _hash);

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
