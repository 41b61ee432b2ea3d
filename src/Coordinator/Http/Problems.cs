using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Temper.Mixture.Tasks;

namespace Temper.Coordinator.Http;

/// <summary>Refusals as RFC 9457 problem details. <c>cause</c> is a word for programs, <c>detail</c> a sentence for people.</summary>
internal static class Problems
{
    public static ProblemHttpResult NoRun(string id) =>
        Of(StatusCodes.Status404NotFound, "run_not_found", $"There is no run '{id}'. GET /api/v1/runs lists them.");

    public static ProblemHttpResult NoExperiment(string id) =>
        Of(StatusCodes.Status404NotFound, "experiment_not_found", $"There is no experiment '{id}'. GET /api/v1/experiments lists them.");

    public static ProblemHttpResult WrongSpec(IReadOnlyList<SpecError> errors) => TypedResults.Problem(
        statusCode: StatusCodes.Status422UnprocessableEntity,
        title: "The spec is wrong",
        detail: errors.Count == 1 ? "The spec has a mistake." : $"The spec has {errors.Count} mistakes.",
        extensions: new Dictionary<string, object?> { ["cause"] = "spec_invalid", ["errors"] = errors });

    public static ProblemHttpResult Of(int status, string cause, string detail) => TypedResults.Problem(
        statusCode: status,
        detail: detail,
        extensions: new Dictionary<string, object?> { ["cause"] = cause });

    /// <summary>Completes a problem that the framework made: a cause for programs, a sentence for people.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var (problem, request) = (context.ProblemDetails, context.HttpContext.Request);
        var status = problem.Status ?? context.HttpContext.Response.StatusCode;
        var (cause, detail) = status switch
        {
            StatusCodes.Status400BadRequest => ("bad_request", "The request cannot be read."),
            StatusCodes.Status404NotFound => ("not_found", $"There is nothing at {request.Path}. /openapi/v1.json lists what there is."),
            StatusCodes.Status405MethodNotAllowed => ("method_not_allowed", $"{request.Method} is not possible at {request.Path}; the header Allow says what is."),
            StatusCodes.Status413PayloadTooLarge => ("too_large", $"The request is larger than {Limits.BodyBytes} bytes."),
            StatusCodes.Status415UnsupportedMediaType => ("media_type", "This content type is not read here. Send application/json or application/yaml."),
            StatusCodes.Status500InternalServerError => ("internal", "The coordinator failed at this request; its log says why."),
            StatusCodes.Status503ServiceUnavailable => ("unavailable", "The coordinator, another one of its cluster or their database does not answer now. Try again in some seconds."),
            _ => ("refused", "The request was refused."),
        };
        problem.Extensions.TryAdd("cause", cause);
        problem.Detail ??= context.Exception is BadHttpRequestException bad && status == StatusCodes.Status400BadRequest ? bad.Message : detail;
        problem.Extensions.Remove("exception");
    }
}

/// <summary>Writes problems of the framework to those too who say that they accept something else: a refusal in other words would be none that a program can read.</summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        context.ProblemDetails.Title ??= ReasonPhrases.GetReasonPhrase(context.ProblemDetails.Status ?? context.HttpContext.Response.StatusCode);
        Problems.Complete(context);
        return new ValueTask(context.HttpContext.Response.WriteAsJsonAsync(context.ProblemDetails, options: null, "application/problem+json"));
    }
}

/// <summary>Bounds on what a caller may send or ask for.</summary>
internal static class Limits
{
    public const long BodyBytes = 1 << 20;
    public const int IdempotencyKeyLength = 255;
    public const int PageSize = 500;
    public const int Points = 100_000;
}
