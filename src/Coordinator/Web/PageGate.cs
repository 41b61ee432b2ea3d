using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.SignalR;
using Temper.Coordinator.Api;
using Temper.Coordinator.Http;
using Temper.Coordinator.Store;
using Temper.Coordinator.Web.Pages;

namespace Temper.Coordinator.Web;

/// <summary>A page about something that is not there is no success: browsers are told so by a page, everybody else as REST tells it.</summary>
internal sealed class PageGate(RequestDelegate next, RunStore runs, ExperimentStore experiments)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var id = context.Request.RouteValues["id"] as string ?? "";
        var page = context.GetEndpoint()?.Metadata.GetMetadata<ComponentTypeMetadata>()?.Type;
        var what = page == typeof(RunPage) ? "run" : page == typeof(ExperimentPage) ? "experiment" : null;
        var problem = what switch
        {
            "run" when await RunsApi.FindAsync(id, runs).ConfigureAwait(false) is null => Problems.NoRun(id),
            "experiment" when await ExperimentsApi.FindAsync(id, experiments).ConfigureAwait(false) is null => Problems.NoExperiment(id),
            null when IsNoConnection(context) => Problems.Of(StatusCodes.Status400BadRequest, "connection_id_missing", "This is the connection of the web page, which names it. Open / in a browser."),
            _ => null,
        };
        await (problem is null ? next(context)
            : PageMark.IsWanted(context) ? ShowAsync(context, what, id)
            : problem.ExecuteAsync(context)).ConfigureAwait(false);
    }

    // The framework would say it in plain text.
    private static bool IsNoConnection(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is not null && context.GetEndpoint()?.Metadata.GetMetadata<NegotiateMetadata>() is null && !context.Request.Query.ContainsKey("id");

    /// <summary>Answers that something is not there.</summary>
    /// <param name="context">The request.</param>
    /// <param name="what">What was looked for; null for a page.</param>
    /// <param name="id">Its id.</param>
    public static Task ShowAsync(HttpContext context, string? what = null, string? id = null)
    {
        PageHeaders.Set(context.Response);
        var parameters = new Dictionary<string, object?> { [nameof(MissingPage.Theme)] = App.ThemeOf(context.Request), [nameof(MissingPage.What)] = what, [nameof(MissingPage.Id)] = id };
        return new RazorComponentResult<MissingPage>(parameters) { StatusCode = StatusCodes.Status404NotFound }.ExecuteAsync(context);
    }
}
