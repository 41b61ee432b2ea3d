using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Temper.Contracts.Agents;

namespace Temper.Coordinator.Agents;

/// <summary>A mark on calls that begin in this process. The name of a caller in a message is whatever the sender wrote; this nobody outside can write.</summary>
internal sealed class InsideMark
{
    public const string Key = "temper.inside";

    public string Value { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}

/// <summary>Marks what grains and the host's own client send.</summary>
internal sealed class OutgoingMark(InsideMark mark) : IOutgoingGrainCallFilter
{
    public Task Invoke(IOutgoingGrainCallContext context)
    {
        RequestContext.Set(InsideMark.Key, mark.Value);
        return context.Invoke();
    }
}

/// <summary>Lets callers from outside reach <see cref="IAgentGrain"/> only, and only with the agent token; and what Orleans needs to connect them.</summary>
internal sealed class IncomingGuard(InsideMark mark, AgentToken token, ILogger<IncomingGuard> log) : IIncomingGrainCallFilter
{
    // The list of grain types, which a client reads when it connects; and the silo's own timers, which no outgoing filter sees.
    private static readonly string[] NeededByOrleans = ["Orleans.Runtime.IClusterManifestSystemTarget", "IGrainTimerInvoker"];

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (IsFromInside() || NeededByOrleans.Contains(context.InterfaceName))
        {
            return context.Invoke();
        }

        if (context.InterfaceMethod.DeclaringType != typeof(IAgentGrain))
        {
            log.LogWarning("Refused a call from outside to {Interface}.{Method}", context.InterfaceName, context.MethodName);
            throw new UnauthorizedAccessException("Only agents may call from outside, and only what is for them.");
        }

        return token.Is(RequestContext.Get(IAgentGrain.TokenKey) as string)
            ? context.Invoke()
            : throw new UnauthorizedAccessException("The agent token is missing or wrong. Start the agent with the token that the coordinator was given.");
    }

    private bool IsFromInside() =>
        RequestContext.Get(InsideMark.Key) is string shown
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(mark.Value));
}
