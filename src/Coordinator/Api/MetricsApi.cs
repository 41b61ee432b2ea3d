using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Temper.Contracts.Agents;
using Temper.Coordinator.Http;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>Step rows and evaluations of a run.</summary>
internal static class MetricsApi
{
    private const string NdJson = "application/x-ndjson";

    public static void MapMetricSeries(this IEndpointRouteBuilder api) =>
        api.MapGet("/runs/{id}/metrics", Get).WithName("GetRunMetrics").WithTags("runs")
            .WithSummary("Step rows from..to, at most 'points' of them evenly picked, and all evaluations unless 'evaluations=false'. With 'Accept: application/x-ndjson' the step rows, one a line.")
            .Produces<MetricSeries>()
            .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<IResult> Get(string id, HttpRequest request, RunStore runs, MetricStore metrics, int? from, int? to, int? points, bool? evaluations)
    {
        if (await RunsApi.FindAsync(id, runs).ConfigureAwait(false) is null)
        {
            return Problems.NoRun(id);
        }

        var steps = await metrics.StepsAsync(id, from ?? 0, to ?? int.MaxValue, Math.Clamp(points ?? 2000, 2, Limits.Points)).ConfigureAwait(false);
        if (request.Headers.Accept.ToString().Contains(NdJson, StringComparison.OrdinalIgnoreCase))
        {
            var lines = new StringBuilder();
            foreach (var step in steps)
            {
                lines.Append(ProtocolJson.Write(step)).Append('\n');
            }

            return TypedResults.Text(lines.ToString(), NdJson, Encoding.UTF8);
        }

        return TypedResults.Ok(new MetricSeries(steps, evaluations == false ? [] : await metrics.EvaluationsAsync(id).ConfigureAwait(false)));
    }
}

/// <summary>What a run has measured.</summary>
public sealed record MetricSeries(IReadOnlyList<StepRow> Steps, IReadOnlyList<EvaluationRow> Evaluations);
