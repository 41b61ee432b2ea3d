using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Temper.Coordinator.Api;
using Temper.Coordinator.Store;
using Temper.Coordinator.Web.Pages;

namespace Temper.Coordinator.Web;

/// <summary>A page about something that is not there is no success, whatever it says; and who reads no pages is told so as REST tells it.</summary>
internal sealed class PageGate(RequestDelegate next, RunStore runs, ExperimentStore experiments)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var id = context.Request.RouteValues["id"] as string ?? "";
        ProblemHttpResult? problem = context.GetEndpoint()?.Metadata.GetMetadata<ComponentTypeMetadata>()?.Type switch
        {
            { } page when page == typeof(RunPage) && await RunsApi.FindAsync(id, runs).ConfigureAwait(false) is null => Problems.NoRun(id),
            { } page when page == typeof(ExperimentPage) && await ExperimentsApi.FindAsync(id, experiments).ConfigureAwait(false) is null => Problems.NoExperiment(id),
            _ => null,
        };
        if (problem is not null && !PageMark.IsWanted(context))
        {
            await problem.ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        if (problem is not null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }

        await next(context).ConfigureAwait(false);
    }
}
