using Microsoft.AspNetCore.Http;

namespace Temper.Coordinator.Http;

/// <summary>Marks endpoints of the web page, its connection included: they take the cookie of a session, and refuse in words for people.</summary>
internal sealed class PageMark
{
    public static readonly PageMark Instance = new();

    /// <summary>Whether somebody at a browser waits for a page: what is not of the API, asked for by somebody who reads HTML.</summary>
    public static bool IsWanted(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method)
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && (context.GetEndpoint() is { } endpoint
            ? endpoint.Metadata.GetMetadata<PageMark>() is not null
            : !Others.Any(path => context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase)));

    private static readonly string[] Others = ["/api", "/assets", "/health", "/metrics", "/openapi"];
}
