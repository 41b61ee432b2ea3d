using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Temper.Contracts.Experiments;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Http;
using Temper.Coordinator.Reports.Experiments;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Security;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>Experiments: submit, look, command, report. Their runs are runs like all others.</summary>
internal static class ExperimentsApi
{
    private const string Tag = "experiments";

    public static void MapExperiments(this IEndpointRouteBuilder api)
    {
        api.MapPost("/experiments", Submit).WithName("SubmitExperiment").WithSummary("Submits an experiment. When it answers 201 the experiment and all its runs are on the disk.").WithTags(Tag)
            .Accepts<ExperimentSpec>(SubmittedText.Types[0], SubmittedText.Types[1..])
            .Produces<ExperimentStatus>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        api.MapPost("/experiments:validate", Validate).WithName("ValidateExperiment").WithSummary("Checks an experiment and says what its runs will be and cost; starts nothing.").WithTags(Tag)
            .RequireRole(Role.Viewer)
            .Accepts<ExperimentSpec>(SubmittedText.Types[0], SubmittedText.Types[1..])
            .Produces<ExperimentPlan>()
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        api.MapGet("/experiments", List).WithName("ListExperiments").WithSummary("Experiments from the newest on, of one phase or kind, or with a text in their name, if given; 'next' is the cursor of the following page.").WithTags(Tag)
            .Produces<ExperimentList>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/experiments/{id}", Show).WithName("GetExperiment").WithSummary("One experiment; GET /runs?experiment=ID lists its runs.").WithTags(Tag)
            .Produces<ExperimentStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/experiments/{id}/spec", Spec).WithName("GetExperimentSpec").WithSummary("The spec of an experiment, every stage written out.").WithTags(Tag)
            .Produces<ExperimentSpec>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/experiments/{id}/plan", Plan).WithName("GetExperimentPlan").WithSummary("What its runs were worked out to be when it was accepted.").WithTags(Tag)
            .Produces<ExperimentPlan>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/experiments/{id}/report", Report).WithName("GetExperimentReport").WithTags(Tag)
            .WithSummary("The report, made now from what is stored, whether or not the experiment has ended; with 'Accept: text/html' as a page.")
            .Produces<ExperimentReport>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        MapCommand(api, "cancel", RunCommand.Cancel, "Ends all its runs without a checkpoint and reports what there is.");
        MapCommand(api, "pause", RunCommand.Pause, "Saves a checkpoint of all its runs and frees their workers.");
        MapCommand(api, "resume", RunCommand.Resume, "Lets its paused runs go on.");
        MapCommand(api, "retry", RunCommand.Retry, "Starts its failed runs again from their checkpoints, and reports anew at the end.");
    }

    private static void MapCommand(IEndpointRouteBuilder api, string verb, RunCommand command, string summary) =>
        api.MapPost($"/experiments/{{id}}/{verb}", (string id, ExperimentStore store, IGrainFactory grains, PatientGrains patient) => Command(id, command, store, grains, patient))
            .WithName($"{char.ToUpperInvariant(verb[0])}{verb[1..]}Experiment").WithSummary(summary).WithTags(Tag)
            .Produces<ExperimentStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<IResult> Submit(
        HttpRequest request,
        string? data,
        string? output,
        SubmissionPlanner planning,
        ExperimentStore store,
        PatientGrains grains,
        Clock clock)
    {
        var acceptance = new Acceptance<ExperimentStatus?>("experiment", store.FindByKeyAsync, grains.ExperimentAsync);
        return await acceptance.SubmitAsync(request, data, output, (sent, key) => InsertAsync(sent, key, planning, store, clock), grains).ConfigureAwait(false);
    }

    /// <summary>Checks what was sent and stores it under its key; or says what is wrong.</summary>
    public static async Task<(InsertResult? Result, IResult? Problem)> InsertAsync(SubmittedText sent, string? key, SubmissionPlanner planning, ExperimentStore store, Clock clock)
    {
        var (submission, problem) = await ExperimentSubmission.PlanAsync(sent, planning).ConfigureAwait(false);
        if (submission is null)
        {
            return (null, problem);
        }

        var refusal = OutputClaim.Refusal(submission.Output, planning.OutputRoot, await store.HoldersAsync(submission.Output).ConfigureAwait(false));
        if (refusal != default)
        {
            return refusal;
        }

        var (record, status, runs) = submission.Rows(clock.Now);
        return (await store.InsertAsync(record, status, runs, key, sent.Hash).ConfigureAwait(false), null);
    }

    private static async Task<IResult> Validate(HttpRequest request, string? data, SubmissionPlanner planning)
    {
        var (sent, unread) = await SubmittedText.ReadAsync(request, data, null).ConfigureAwait(false);
        if (sent is null)
        {
            return unread!;
        }

        var (submission, problem) = await ExperimentSubmission.PlanAsync(sent, planning).ConfigureAwait(false);
        return submission is null ? problem! : TypedResults.Ok(submission.Planned.Summary());
    }

    private static async Task<IResult> List(ExperimentStore store, string? phase, string? kind, string? name, string? cursor, int? limit)
    {
        if (!Paging.TryWord<ExperimentPhase>("phase", phase, out var wanted, out var problem)
            || !Paging.TryWord<ExperimentKind>("kind", kind, out var ofKind, out problem)
            || !Paging.TryCursor(cursor, out var before, out problem))
        {
            return problem;
        }

        var filter = new ExperimentFilter(wanted, ofKind, Paging.Given(name));
        var (items, next) = await Paging.PageAsync(limit, most => store.ListAsync(filter, before, most)).ConfigureAwait(false);
        return TypedResults.Ok(new ExperimentList(items, next));
    }

    private static async Task<IResult> Show(string id, ExperimentStore store, PatientGrains grains) =>
        await FindAsync(id, store).ConfigureAwait(false) is null
            ? Problems.NoExperiment(id)
            : TypedResults.Ok(await grains.ExperimentAsync(id).ConfigureAwait(false));

    private static async Task<IResult> Spec(string id, ExperimentStore store) =>
        await FindAsync(id, store).ConfigureAwait(false) is { } record ? TypedResults.Ok(record.Spec) : Problems.NoExperiment(id);

    private static async Task<IResult> Plan(string id, ExperimentStore store) =>
        await FindAsync(id, store).ConfigureAwait(false) is { } record ? TypedResults.Ok(record.Plan) : Problems.NoExperiment(id);

    private static async Task<IResult> Report(string id, HttpRequest request, ExperimentStore store, ExperimentReporter reporter)
    {
        if (await FindAsync(id, store).ConfigureAwait(false) is null || await reporter.InputAsync(id).ConfigureAwait(false) is not { } input)
        {
            return Problems.NoExperiment(id);
        }

        var asPage = request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        return await Task.Run(() => asPage
            ? TypedResults.Text(ExperimentReportFiles.Html(input, run => ReportPages.OfRun(run.RunId)), "text/html", Encoding.UTF8)
            : TypedResults.Text(ExperimentReportFiles.Json(input), "application/json", Encoding.UTF8)).ConfigureAwait(false);
    }

    /// <summary>Passes on what a user asks for.</summary>
    public static async Task<IResult> Command(string id, RunCommand command, ExperimentStore store, IGrainFactory grains, PatientGrains patient)
    {
        if (await FindAsync(id, store).ConfigureAwait(false) is not { } record)
        {
            return Problems.NoExperiment(id);
        }

        if (command == RunCommand.Retry
            && Retrying.TakenOver(record.OutputDirectory, record.CreatedAt, await store.HoldersAsync(record.OutputDirectory).ConfigureAwait(false), id) is { } taken)
        {
            return Problems.Of(StatusCodes.Status409Conflict, "phase_conflict", taken);
        }

        var answer = await grains.GetGrain<IExperimentGrain>(id).Command(command).ConfigureAwait(false);
        if (answer.Refusal is { } refusal)
        {
            return Problems.Of(StatusCodes.Status409Conflict, "phase_conflict", refusal);
        }

        // Workers are free, or wanted: somebody may start now.
        await patient.ScheduleAsync().ConfigureAwait(false);
        return TypedResults.Ok(await patient.ExperimentAsync(id).ConfigureAwait(false));
    }

    /// <summary>The record, looked up before its grain: a made-up id must not wake one.</summary>
    public static Task<ExperimentRecord?> FindAsync(string id, ExperimentStore store) => id.Length > 64 ? Task.FromResult<ExperimentRecord?>(null) : store.FindAsync(id);
}

/// <summary>A page of experiments.</summary>
/// <param name="Items">The experiments.</param>
/// <param name="Next">Cursor of the next page; null on the last one.</param>
public sealed record ExperimentList(IReadOnlyList<ExperimentStatus> Items, string? Next);
