using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Temper.Coordinator.Http;
using Temper.Coordinator.Security;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Web.Visits;

/// <summary>Signing in and out: the only changes that the page makes outside its connection, so they carry a token against forgery.</summary>
internal static class SessionApi
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/session", SignIn).OpenToAnybody().WithMetadata(PageMark.Instance).ExcludeFromDescription();
        routes.MapPost("/session/end", SignOut).OpenToAnybody().WithMetadata(PageMark.Instance).ExcludeFromDescription();
        // A link from elsewhere comes without the cookie, which is for this site alone: the page for signing in asks from here whether there is one.
        routes.MapGet("/session", StateAsync).OpenToAnybody().WithMetadata(PageMark.Instance).ExcludeFromDescription();
    }

    /// <summary>A place of this site to go to after signing in, whatever was asked for.</summary>
    public static string Local(string? place) =>
        place is ['/', ..] && !(place is [_, '/' or '\\', ..]) && place.All(c => c is > ' ' and < '\u007f' and not '\\') ? place : "/";

    private static async Task<IResult> StateAsync(HttpRequest request, HttpResponse response, Sessions sessions)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.Json(new State(await sessions.VisitorAsync(sessions.KeyIdOf(request)).ConfigureAwait(false) is not null));
    }

    private static async Task<IResult> SignIn(HttpContext context, IAntiforgery antiforgery, KeyStore keys, Sessions sessions)
    {
        if (await FormAsync(context, antiforgery).ConfigureAwait(false) is not { } form)
        {
            return Forged();
        }

        var place = Local(form["return"]);
        var (key, _) = await keys.FindAsync(form["key"].ToString().Trim()).ConfigureAwait(false);
        if (key is null)
        {
            return TypedResults.LocalRedirect($"/signin?wrong=true&return={Uri.EscapeDataString(place)}");
        }

        sessions.Begin(context, key);
        return TypedResults.LocalRedirect(place);
    }

    private static async Task<IResult> SignOut(HttpContext context, IAntiforgery antiforgery)
    {
        if (await FormAsync(context, antiforgery).ConfigureAwait(false) is null)
        {
            return Forged();
        }

        Sessions.End(context);
        return TypedResults.LocalRedirect("/signin?left=true");
    }

    private static async Task<IFormCollection?> FormAsync(HttpContext context, IAntiforgery antiforgery)
    {
        try
        {
            return context.Request.HasFormContentType && await antiforgery.IsRequestValidAsync(context).ConfigureAwait(false)
                ? await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false)
                : null;
        }
        catch (Exception e) when (e is InvalidDataException or AntiforgeryValidationException or (IOException and not BadHttpRequestException) or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed record State(bool SignedIn);

    private static ProblemHttpResult Forged() =>
        Problems.Of(StatusCodes.Status400BadRequest, "form_forged", "This form was not made by this page, or it is too old. Open /signin and try again.");
}
