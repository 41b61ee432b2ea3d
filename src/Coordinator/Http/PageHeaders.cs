using Microsoft.AspNetCore.Http;

namespace Temper.Coordinator.Http;

/// <summary>What a browser is told about every page: run and load nothing but what comes from here, be shown in no frame, tell nobody where one was.</summary>
internal static class PageHeaders
{
    // Blazor needs no inline script and no inline style; its connection is a websocket to where the page came from.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    public static Task SetAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<PageMark>() is not null)
        {
            Set(context.Response);
        }

        return next(context);
    }

    /// <summary>Says it in an answer.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="policy">The Content-Security-Policy, where it is another one than that of the page.</param>
    public static void Set(HttpResponse response, string policy = Policy)
    {
        response.Headers.ContentSecurityPolicy = policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.XFrameOptions = "DENY";
    }
}
