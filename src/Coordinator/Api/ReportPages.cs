using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Http;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Experiments;
using Temper.Coordinator.Reports.Experiments.Html;
using Temper.Coordinator.Reports.Html;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>Reports as pages of their own, made now from what is stored, whether or not what they are about has ended.</summary>
internal static class ReportPages
{
    /// <summary>Where the report of a run is.</summary>
    public static string OfRun(string id) => $"/runs/{id}/{ReportFiles.Html}";

    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        Map(routes, "/runs/{id}/" + ReportFiles.Html, (string id, HttpResponse response, RunStore runs, RunReporter reporter) => RunAsync(id, response, runs, reporter, asPage: true));
        Map(routes, "/runs/{id}/" + ReportFiles.Json, (string id, HttpResponse response, RunStore runs, RunReporter reporter) => RunAsync(id, response, runs, reporter, asPage: false));
        Map(routes, "/experiments/{id}/" + ReportFiles.Html, (string id, HttpResponse response, ExperimentStore experiments, ExperimentReporter reporter) => ExperimentAsync(id, response, experiments, reporter, asPage: true));
        Map(routes, "/experiments/{id}/" + ReportFiles.Json, (string id, HttpResponse response, ExperimentStore experiments, ExperimentReporter reporter) => ExperimentAsync(id, response, experiments, reporter, asPage: false));
    }

    private static void Map(IEndpointRouteBuilder routes, string path, Delegate get) =>
        routes.MapGet(path, get).WithMetadata(PageMark.Instance).ExcludeFromDescription();

    private static async Task<IResult> RunAsync(string id, HttpResponse response, RunStore runs, RunReporter reporter, bool asPage)
    {
        if (await RunsApi.FindAsync(id, runs).ConfigureAwait(false) is not { } row)
        {
            return Problems.NoRun(id);
        }

        var input = await reporter.InputAsync(row).ConfigureAwait(false);
        return await AnswerAsync(response, asPage, ReportPage.Policy, () => asPage ? ReportFiles.Page(input) : ReportFiles.Document(input)).ConfigureAwait(false);
    }

    private static async Task<IResult> ExperimentAsync(string id, HttpResponse response, ExperimentStore experiments, ExperimentReporter reporter, bool asPage)
    {
        if (await ExperimentsApi.FindAsync(id, experiments).ConfigureAwait(false) is null || await reporter.InputAsync(id).ConfigureAwait(false) is not { } input)
        {
            return Problems.NoExperiment(id);
        }

        return await AnswerAsync(response, asPage, ExperimentPage.Policy, () => asPage ? ExperimentReportFiles.Html(input, run => OfRun(run.RunId)) : ExperimentReportFiles.Json(input)).ConfigureAwait(false);
    }

    private static async Task<IResult> AnswerAsync(HttpResponse response, bool asPage, string policy, Func<string> make)
    {
        PageHeaders.Set(response, $"{policy}; frame-ancestors 'none'");
        response.Headers.CacheControl = "no-store";
        return TypedResults.Text(await Task.Run(make).ConfigureAwait(false), asPage ? "text/html" : "application/json", Encoding.UTF8);
    }
}
