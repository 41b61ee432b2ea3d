using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Temper.Contracts.Agents;

namespace Temper.Coordinator.Agents;

/// <summary>
/// A mark on calls that begin in a silo of the cluster. The name of a caller in a message is whatever the sender wrote; this nobody outside can write. It goes
/// from silo to silo with each call, so their network must be their own; no message takes it to a client.
/// </summary>
/// <param name="Value">Random, and the same for all silos of the cluster.</param>
internal sealed record SiloToken(string Value)
{
    public const string Key = "temper.inside";

    /// <summary>Without the secret, which a record would print.</summary>
    public override string ToString() => nameof(SiloToken);
}

/// <summary>Marks what grains and the host's own client send.</summary>
internal sealed class SiloTokenStamp(SiloToken siloToken) : IOutgoingGrainCallFilter
{
    public Task Invoke(IOutgoingGrainCallContext context)
    {
        RequestContext.Set(SiloToken.Key, siloToken.Value);
        return context.Invoke();
    }
}

/// <summary>Lets callers from outside reach <see cref="IAgentGrain"/> only, and only with the agent token; and what Orleans needs to connect them.</summary>
internal sealed class IncomingGuard(SiloToken siloToken, AgentToken token, ILogger<IncomingGuard> log) : IIncomingGrainCallFilter
{
    // The list of grain types, which a client reads when it connects; and the silo's own timers, which no outgoing filter sees.
    private static readonly string[] NeededByOrleans = ["Orleans.Runtime.IClusterManifestSystemTarget", "IGrainTimerInvoker"];

    // An answer takes along what the call's context holds then. What the calls of a grain set there stays within this method because it is asynchronous; else
    // the mark might leave with the answer to an agent.
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (IsFromInside() || NeededByOrleans.Contains(context.InterfaceName))
        {
            await context.Invoke();
            return;
        }

        if (context.InterfaceMethod.DeclaringType != typeof(IAgentGrain))
        {
            log.LogWarning("Refused a call from outside to {Interface}.{Method}", context.InterfaceName, context.MethodName);
            throw new UnauthorizedAccessException("Only agents may call from outside, and only what is for them.");
        }

        if (!token.Is(RequestContext.Get(IAgentGrain.TokenKey) as string))
        {
            throw new UnauthorizedAccessException("The agent token is missing or wrong. Start the agent with the token that the coordinator was given.");
        }

        await context.Invoke();
    }

    private bool IsFromInside() =>
        RequestContext.Get(SiloToken.Key) is string shown
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(siloToken.Value));
}
