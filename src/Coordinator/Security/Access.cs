using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Security;

/// <summary>What a caller must show to reach an endpoint. Endpoints that say nothing are guarded by their verb.</summary>
internal abstract record Access
{
    public static readonly Access Anybody = new Nothing();
    public static readonly Access Agents = new Token();

    /// <summary>What the endpoint asks for that a request was routed to.</summary>
    public static Access To(HttpContext context) => context.GetEndpoint() switch
    {
        RouteEndpoint route => Of(route, context.Request.Method),
        // The answer will be 404, 405 or 415: nothing happens there.
        _ => new Key(Role.Viewer),
    };

    /// <summary>What an endpoint asks for when it is called with <paramref name="method"/>.</summary>
    public static Access Of(Endpoint endpoint, string method) =>
        endpoint.Metadata.GetMetadata<Access>() ?? Default(method);

    /// <summary>What an endpoint asks for that says nothing.</summary>
    public static Access Default(string method) => new Key(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Role.Viewer : Role.Submitter);

    /// <summary>Nothing.</summary>
    public sealed record Nothing : Access;

    /// <summary>The agent token.</summary>
    public sealed record Token : Access;

    /// <summary>An API key, where there are any.</summary>
    /// <param name="Least">The least role that will do.</param>
    public sealed record Key(Role Least) : Access;
}

/// <summary>How endpoints say what they ask for.</summary>
internal static class AccessConventions
{
    public static TBuilder OpenToAnybody<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(Access.Anybody);

    public static TBuilder RequireAgentToken<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(Access.Agents);

    public static TBuilder RequireRole<TBuilder>(this TBuilder endpoint, Role role)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Access.Key(role));
}
