using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Temper.Coordinator.Api;
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
        var (what, problem) = page == typeof(RunPage) && await RunsApi.FindAsync(id, runs).ConfigureAwait(false) is null ? ("run", Problems.NoRun(id))
            : page == typeof(ExperimentPage) && await ExperimentsApi.FindAsync(id, experiments).ConfigureAwait(false) is null ? ("experiment", Problems.NoExperiment(id))
            : (null, null);
        await (problem is null ? next(context)
            : PageMark.IsWanted(context) ? ShowAsync(context, what, id)
            : problem.ExecuteAsync(context)).ConfigureAwait(false);
    }

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
