using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Http;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>
/// What happened to a run or an experiment: as a list, or as a stream of server-sent events that first replays what came after <c>Last-Event-ID</c> and
/// ends with it.
/// </summary>
internal static class EventsApi
{
    private const int Page = 500;
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static void MapEvents(this IEndpointRouteBuilder api)
    {
        Map(api, "run", async (string id, HttpContext context, RunStore store, IHostApplicationLifetime life, long? after, int? limit) =>
            await RunsApi.FindAsync(id, store).ConfigureAwait(false) is null
                ? Problems.NoRun(id)
                : await GetAsync(id, context, store, async () => (await store.StatusAsync(id).ConfigureAwait(false))?.Phase.IsTerminal() != false, life, after, limit).ConfigureAwait(false));
        Map(api, "experiment", async (string id, HttpContext context, RunStore store, ExperimentStore experiments, IHostApplicationLifetime life, long? after, int? limit) =>
            await ExperimentsApi.FindAsync(id, experiments).ConfigureAwait(false) is null
                ? Problems.NoExperiment(id)
                : await GetAsync(id, context, store, async () => (await experiments.StatusAsync(id).ConfigureAwait(false))?.Phase.IsTerminal() != false, life, after, limit).ConfigureAwait(false));
    }

    private static void Map(IEndpointRouteBuilder api, string what, Delegate get) =>
        api.MapGet($"/{what}s/{{id}}/events", get).WithName($"Get{char.ToUpperInvariant(what[0])}{what[1..]}Events").WithTags($"{what}s")
            .WithSummary($"What happened to {(what[0] == 'e' ? "an" : "a")} {what}, as server-sent events (replay after Last-Event-ID, then live, until it ends); with 'Accept: application/json' a list, after the event 'after'.")
            .Produces<EventList>()
            .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<IResult> GetAsync(string id, HttpContext context, RunStore store, Func<Task<bool>> hasEnded, IHostApplicationLifetime life, long? after, int? limit)
    {
        if (context.Request.Headers.Accept.ToString().Contains("application/json", StringComparison.OrdinalIgnoreCase))
        {
            return TypedResults.Ok(new EventList(await store.EventsAsync(id, after ?? 0, Math.Clamp(limit ?? Page, 1, Page)).ConfigureAwait(false)));
        }

        var last = long.TryParse(context.Request.Headers["Last-Event-ID"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seen) ? seen : after ?? 0;
        if (await IsOverAsync(id, last, store, hasEnded).ConfigureAwait(false))
        {
            // To an EventSource that connects again after the end, 204 says: do not.
            return TypedResults.NoContent();
        }

        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.ApplicationStopping);
        try
        {
            await StreamAsync(id, last, context.Response, store, hasEnded, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The reader has gone, or the coordinator stops: the reader comes back with the id of the last event.
        }

        return TypedResults.Empty;
    }

    private static async Task StreamAsync(string id, long last, HttpResponse response, RunStore store, Func<Task<bool>> hasEnded, CancellationToken ct)
    {
        await response.Body.FlushAsync(ct).ConfigureAwait(false);
        while (true)
        {
            var next = store.NextEvent;
            var events = await store.EventsAsync(id, last, Page).ConfigureAwait(false);
            foreach (var e in events)
            {
                await response.WriteAsync(Format(e), Encoding.UTF8, ct).ConfigureAwait(false);
                last = e.Id;
            }

            await response.Body.FlushAsync(ct).ConfigureAwait(false);
            if (events.Count == 0)
            {
                if (await IsOverAsync(id, last, store, hasEnded).ConfigureAwait(false))
                {
                    return;
                }

                try
                {
                    await next.WaitAsync(KeepAlive, ct).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    // Proxies close what is silent.
                    await response.WriteAsync(": still here\n\n", ct).ConfigureAwait(false);
                }
            }
        }
    }

    private static async Task<bool> IsOverAsync(string id, long last, RunStore store, Func<Task<bool>> hasEnded) =>
        await hasEnded().ConfigureAwait(false) && (await store.EventsAsync(id, last, 1).ConfigureAwait(false)).Count == 0;

    // JSON has no bare line feeds, so one data line is enough.
    private static string Format(StoredEvent e) =>
        string.Create(CultureInfo.InvariantCulture, $"id: {e.Id}\nevent: {e.Kind}\ndata: {ProtocolJson.Write(e)}\n\n");
}

/// <summary>Events of a run, oldest first.</summary>
internal sealed record EventList(IReadOnlyList<StoredEvent> Items);
