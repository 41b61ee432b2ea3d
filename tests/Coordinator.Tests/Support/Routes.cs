using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Temper.Coordinator.Tests.Support;

/// <summary>An endpoint that a coordinator has.</summary>
/// <param name="Method">The method it is for; GET where it takes any.</param>
/// <param name="Endpoint">The endpoint.</param>
internal sealed record Route(string Method, RouteEndpoint Endpoint)
{
    /// <summary>Its path as it was mapped, such as <c>/api/v1/runs/{id}</c>.</summary>
    public string Pattern => "/" + Endpoint.RoutePattern.RawText!.TrimStart('/');

    /// <summary>Its path with <paramref name="fill"/> in the place of each parameter.</summary>
    public string Path(Func<string, string> fill) => "/" + string.Join('/', Endpoint.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
    {
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator => separator.Content,
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter => fill(parameter.Name),
        _ => throw new InvalidOperationException($"{Pattern} has a part of an unknown kind."),
    }))));

    public override string ToString() => $"{Method} {Pattern}";

    /// <summary>All endpoints, those that somebody will add too.</summary>
    public static IReadOnlyList<Route> Of(CoordinatorUnderTest coordinator) =>
    [
        .. coordinator.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => new Route(method, endpoint)))
            .OrderBy(route => route.ToString(), StringComparer.Ordinal),
    ];
}
