using System.Security.Cryptography;
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
internal sealed class IncomingGuard(InsideMark mark, Secrets secrets) : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (RequestContext.Get(InsideMark.Key) is string shown && Equal(shown, mark.Value))
        {
            return context.Invoke();
        }

        Console.Error.WriteLine($"DEBUGGUARD {context.InterfaceName} {context.MethodName} {context.TargetId} {context.SourceId} {context.Grain?.GetType()}");
        if (context.InterfaceMethod.DeclaringType == typeof(IAgentGrain))
        {
            return secrets.IsAgentToken(RequestContext.Get(IAgentGrain.TokenKey) as string)
                ? context.Invoke()
                : throw new UnauthorizedAccessException("The agent token is missing or wrong. Start the agent with the token that the coordinator was given.");
        }
        return context.Invoke();
    }

    private static bool Equal(string shown, string expected) => CryptographicOperations.FixedTimeEquals(
        System.Text.Encoding.UTF8.GetBytes(shown), System.Text.Encoding.UTF8.GetBytes(expected));
}
