using Microsoft.AspNetCore.Http;
using Temper.Coordinator.Agents;
using Temper.Coordinator.Hosting;

namespace Temper.Coordinator.Api;

/// <summary>
/// Who may call. With API keys configured every call but the health checks and the API's description shows one as a bearer token;
/// agents show theirs where they learn the gateways. Without keys (loopback only) a web page from elsewhere must still not be
/// able to reach the API through its reader's browser: foreign names in Host and foreign origins are refused.
/// </summary>
internal sealed class Guard(RequestDelegate next, Secrets secrets, CoordinatorOptions options)
{
    private static readonly string[] Open = ["/health", "/openapi"];
    private readonly string[] _ownNames = ["localhost", "127.0.0.1", "[::1]", new Uri(options.Url).Host];

    public Task InvokeAsync(HttpContext context)
    {
        if (Open.Any(open => context.Request.Path.StartsWithSegments(open)))
        {
            return next(context);
        }

        var bearer = Bearer(context.Request);
        if (context.Request.Path.StartsWithSegments(AgentsApi.GatewaysPath))
        {
            return secrets.IsAgentToken(bearer) ? next(context) : Refuse(context, "The agent token is missing or wrong. Send it as 'Authorization: Bearer TOKEN'.");
        }

        if (secrets.NeedsApiKey)
        {
            return secrets.IsApiKey(bearer) ? next(context) : Refuse(context, "The API key is missing or wrong. Send it as 'Authorization: Bearer KEY'.");
        }

        var origin = context.Request.Headers.Origin.ToString();
        var isForeign = !_ownNames.Contains(context.Request.Host.Host, StringComparer.OrdinalIgnoreCase)
            || (origin.Length > 0 && origin != $"{context.Request.Scheme}://{context.Request.Host}");
        return isForeign
            ? Problems.Of(StatusCodes.Status403Forbidden, "foreign_origin", "Without an API key only this machine may call: use the address 127.0.0.1 or localhost, and no page from elsewhere.").ExecuteAsync(context)
            : next(context);
    }

    private static string? Bearer(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } value && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? value[7..].Trim() : null;

    private static Task Refuse(HttpContext context, string detail)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problems.Of(StatusCodes.Status401Unauthorized, "unauthorized", detail).ExecuteAsync(context);
    }
}
