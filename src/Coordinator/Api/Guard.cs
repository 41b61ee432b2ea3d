using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Temper.Coordinator.Agents;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>
/// Who may call what: endpoints say what they ask for (<see cref="Access"/>), this looks whether it was shown. As long as no API key was made
/// (loopback only) everybody on this machine may do everything, but a web page from elsewhere must not be able to reach the API through its
/// reader's browser: foreign names in Host and foreign origins are refused.
/// </summary>
internal sealed class Guard(RequestDelegate next, AgentToken agentToken, KeyStore keys, CoordinatorOptions options)
{
    private readonly string[] _ownNames = ["localhost", "127.0.0.1", "[::1]", new Uri(options.Url).Host];
    private readonly bool _isBeyondLoopback = !OptionsCheck.IsLoopback(options.Url);

    public async Task InvokeAsync(HttpContext context)
    {
        var refusal = Access.To(context) switch
        {
            Access.Nothing => null,
            Access.Token => agentToken.Is(Bearer(context.Request)) ? null : Unknown(context, "The agent token is missing or wrong. Send it as 'Authorization: Bearer TOKEN'."),
            Access.Key(var least) => await CheckKeyAsync(context, least).ConfigureAwait(false),
            var unknown => throw new InvalidOperationException($"Unknown access {unknown}."),
        };
        await (refusal is null ? next(context) : refusal.ExecuteAsync(context)).ConfigureAwait(false);
    }

    private async Task<ProblemHttpResult?> CheckKeyAsync(HttpContext context, Role least)
    {
        var (key, anyKey) = await keys.FindAsync(Bearer(context.Request)).ConfigureAwait(false);
        if (!anyKey && !_isBeyondLoopback)
        {
            return IsForeign(context.Request)
                ? Problems.Of(StatusCodes.Status403Forbidden, "foreign_origin", "Without an API key only this machine may call: use the address 127.0.0.1 or localhost, and no page from elsewhere.")
                : null;
        }

        if (key is null)
        {
            return Unknown(context, "The API key is missing, wrong or revoked. Send one as 'Authorization: Bearer KEY'; `temper key create` makes one.");
        }

        return key.Role >= least
            ? null
            : Problems.Of(StatusCodes.Status403Forbidden, "role", $"The API key '{key.Name}' has the role {KeyStore.NameOf(key.Role)}, and this call needs {KeyStore.NameOf(least)}. Send a key with that role.");
    }

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
