using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Temper.Coordinator.Observability;

/// <summary>Measures how long requests take, by the template of their route: a path names runs, and would make labels without end.</summary>
internal sealed class RequestMeter(RequestDelegate next, RequestMetrics metrics)
{
    private static readonly string[] s_methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public async Task InvokeAsync(HttpContext context)
    {
        var startedAt = Stopwatch.GetTimestamp();
        await next(context).ConfigureAwait(false);
        // A stream of events takes as long as its run, which says nothing about the coordinator.
        if (context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) != true && !context.RequestAborted.IsCancellationRequested)
        {
            metrics.Count(Route(context), Method(context.Request.Method), context.Response.StatusCode, Stopwatch.GetElapsedTime(startedAt));
        }
    }

    // What an endpoint throws clears it from the context.
    private static string Route(HttpContext context) =>
        (context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint()) is RouteEndpoint { RoutePattern.RawText: { } template } ? template : "none";

    private static string Method(string method) => s_methods.Contains(method) ? method : "other";
}
