using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Temper.Coordinator.Agents;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Http;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Security;

/// <summary>
/// Who may call what: endpoints say what they ask for (<see cref="Access"/>), this looks whether it was shown. As long as no API key was made
/// (loopback only) everybody on this machine may do everything, but a web page from elsewhere must not be able to reach the API through its
/// reader's browser: foreign names in Host and foreign origins are refused. A browser shows the cookie of its session instead of a key, and only
/// to look: the page makes its changes through its connection, never by a request that another site could have it send.
/// </summary>
internal sealed class Guard(RequestDelegate next, AgentToken agentToken, KeyStore keys, Sessions sessions, CoordinatorOptions options)
{
    private readonly string[] _ownNames = ["localhost", "127.0.0.1", "[::1]", new Uri(options.Url).Host];
    private readonly bool _isBeyondLoopback = !options.IsLoopback;

    public async Task InvokeAsync(HttpContext context)
    {
        IResult? refusal = Access.To(context) switch
        {
            Access.Nothing => null,
            Access.Token => agentToken.Is(Bearer(context.Request)) ? null : Unknown(context, "The agent token is missing or wrong. Send it as 'Authorization: Bearer TOKEN'."),
            Access.Key(var least) => await CheckKeyAsync(context, least).ConfigureAwait(false),
            var unknown => throw new InvalidOperationException($"Unknown access {unknown}."),
        };
        await (refusal is null ? next(context) : refusal.ExecuteAsync(context)).ConfigureAwait(false);
    }

    private async Task<IResult?> CheckKeyAsync(HttpContext context, Role least)
    {
        var bearer = Bearer(context.Request);
        var (key, anyKey) = await keys.FindAsync(bearer).ConfigureAwait(false);
        if (!anyKey && !_isBeyondLoopback)
        {
            if (IsForeign(context.Request))
            {
                return Problems.Of(StatusCodes.Status403Forbidden, "foreign_origin", "Without an API key only this machine may call: use the address 127.0.0.1 or localhost, and no page from elsewhere.");
            }

            context.Features.Set(Visitor.OfThisMachine);
            return null;
        }

        var visitor = key is null ? null : Visitor.Of(key);
        if (bearer is null && TakesSession(context) && sessions.KeyIdOf(context.Request) is { } id)
        {
            if (IsOfAnotherSite(context.Request))
            {
                return Problems.Of(StatusCodes.Status403Forbidden, "foreign_origin", "A session counts only for the page that began it, and this call comes from a page elsewhere.");
            }

            visitor = await sessions.VisitorAsync(id).ConfigureAwait(false);
        }

        if (visitor is null)
        {
            return PageMark.IsWanted(context)
                ? TypedResults.LocalRedirect($"/signin?return={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}")
                : Unknown(context, "The API key is missing, wrong or revoked. Send one as 'Authorization: Bearer KEY'; `temper key create` makes one.");
        }

        if (visitor.Role < least)
        {
            return Problems.Of(StatusCodes.Status403Forbidden, "role", $"The API key '{visitor.Name}' has the role {KeyStore.NameOf(visitor.Role)}, and this call needs {KeyStore.NameOf(least)}. Send a key with that role.");
        }

        context.Features.Set(visitor);
        return null;
    }

    private static bool TakesSession(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || context.GetEndpoint()?.Metadata.GetMetadata<PageMark>() is not null;

    // Not the scheme: behind a proxy that ends TLS it is another one.
    private static bool IsOfAnotherSite(HttpRequest request) =>
        request.Headers.Origin.ToString() is { Length: > 0 } origin
        && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase) && (request.Host.Port is not { } port || port == from.Port));

    private bool IsForeign(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        return !_ownNames.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase) || (origin.Length > 0 && origin != $"{request.Scheme}://{request.Host}");
    }

    private static string? Bearer(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } value && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? value[7..].Trim() : null;

    private static ProblemHttpResult Unknown(HttpContext context, string detail)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problems.Of(StatusCodes.Status401Unauthorized, "unauthorized", detail);
    }
}
