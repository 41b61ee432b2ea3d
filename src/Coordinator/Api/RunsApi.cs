using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Http;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Security;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>Runs: submit, look, command.</summary>
internal static class RunsApi
{
    public static void MapRuns(this IEndpointRouteBuilder api)
    {
        api.MapPost("/runs", Submit).WithName("SubmitRun").WithSummary("Submits a run. When it answers 201 the run is on the disk.").WithTags("runs")
            .Accepts<RunSpec>(SubmittedText.Types[0], SubmittedText.Types[1..])
            .Produces<RunStatus>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        api.MapPost("/runs:validate", Validate).WithName("ValidateRun").WithSummary("Checks a spec and says what it will cost; starts nothing.").WithTags("runs")
            .RequireRole(Role.Viewer)
            .Accepts<RunSpec>(SubmittedText.Types[0], SubmittedText.Types[1..])
            .Produces<RunPlan>()
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        api.MapGet("/runs", List).WithName("ListRuns").WithSummary("Runs from the newest on, of one phase or experiment, or with a text in their name, if given; 'next' is the cursor of the following page.").WithTags("runs")
            .Produces<RunList>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/runs/{id}", Show).WithName("GetRun").WithSummary("One run.").WithTags("runs")
            .Produces<RunStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/runs/{id}/spec", Spec).WithName("GetRunSpec").WithSummary("The spec of a run as JSON.").WithTags("runs")
            .Produces<RunSpec>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/runs/{id}/plan", Plan).WithName("GetRunPlan").WithSummary("What a run was worked out to be when it was accepted: rates, sizes, cost.").WithTags("runs")
            .Produces<RunPlan>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        MapCommand(api, "cancel", RunCommand.Cancel, "Ends a run without a checkpoint.");
        MapCommand(api, "pause", RunCommand.Pause, "Saves a checkpoint and frees the workers.");
        MapCommand(api, "resume", RunCommand.Resume, "Goes on from the checkpoint.");
        MapCommand(api, "retry", RunCommand.Retry, "Starts a failed run again from its checkpoint, and with it the runs that failed for want of its model, and its experiment.");
    }

    private static void MapCommand(IEndpointRouteBuilder api, string verb, RunCommand command, string summary) =>
        api.MapPost($"/runs/{{id}}/{verb}", (string id, RunStore store, IGrainFactory grains, PatientGrains patient) => Command(id, command, store, grains, patient))
            .WithName($"{char.ToUpperInvariant(verb[0])}{verb[1..]}Run").WithSummary(summary).WithTags("runs")
            .Produces<RunStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<IResult> Submit(
        HttpRequest request,
        string? data,
        string? output,
        SubmissionPlanner planning,
        RunStore store,
        PatientGrains grains,
        Clock clock)
    {
        var acceptance = new Acceptance<RunStatus?>("run", store.FindByKeyAsync, grains.RunAsync);
        return await acceptance.SubmitAsync(request, data, output, (sent, key) => InsertAsync(sent, key, planning, store, clock), grains).ConfigureAwait(false);
    }

    /// <summary>Checks what was sent and stores it under its key; or says what is wrong.</summary>
    public static async Task<(InsertResult? Result, IResult? Problem)> InsertAsync(SubmittedText sent, string? key, SubmissionPlanner planning, RunStore store, Clock clock)
    {
        var (submission, problem) = await Submission.PlanAsync(sent, planning).ConfigureAwait(false);
        if (submission is null)
        {
            return (null, problem);
        }

        if (submission.Output is { } folder && OutputClaim.Refusal(folder, planning.OutputRoot, await store.HoldersAsync(folder).ConfigureAwait(false)) is var refusal && refusal != default)
        {
            return refusal;
        }

        var id = SubmissionPlanner.NewId();
        var (row, status) = Submission.Row(submission.Run, id, submission.DataRoots, submission.Output ?? planning.NewOutput(submission.Run.Spec.Name, id), null, clock.Now);
        return (await store.InsertAsync(row, status, key, sent.Hash).ConfigureAwait(false), null);
    }

    private static async Task<IResult> Validate(HttpRequest request, string? data, SubmissionPlanner planning)
    {
        var (sent, unread) = await SubmittedText.ReadAsync(request, data, null).ConfigureAwait(false);
        if (sent is null)
        {
            return unread!;
        }

        var (submission, problem) = await Submission.PlanAsync(sent, planning).ConfigureAwait(false);
        return submission is null ? problem! : TypedResults.Ok(submission.Run.Plan);
    }

    private static async Task<IResult> List(RunStore store, string? phase, string? name, string? experiment, string? cursor, int? limit)
    {
        if (!Paging.TryWord<RunPhase>("phase", phase, out var wanted, out var problem) || !Paging.TryCursor(cursor, out var before, out problem))
        {
            return problem;
        }

        var filter = new RunFilter(wanted, Paging.Given(name), Paging.Given(experiment));
        var (items, next) = await Paging.PageAsync(limit, most => store.ListAsync(filter, before, most)).ConfigureAwait(false);
        return TypedResults.Ok(new RunList(items, next));
    }

    private static async Task<IResult> Show(string id, RunStore store, PatientGrains grains) =>
        await FindAsync(id, store).ConfigureAwait(false) is null
            ? Problems.NoRun(id)
            : TypedResults.Ok(await grains.RunAsync(id).ConfigureAwait(false));

    private static async Task<IResult> Spec(string id, RunStore store) =>
        await FindAsync(id, store).ConfigureAwait(false) is { } row ? TypedResults.Ok(JsonNode.Parse(row.Spec)) : Problems.NoRun(id);

    private static async Task<IResult> Plan(string id, RunStore store) =>
        await FindAsync(id, store).ConfigureAwait(false) is { } row ? TypedResults.Ok(row.Plan) : Problems.NoRun(id);

    /// <summary>Passes on what a user asks for.</summary>
    public static async Task<IResult> Command(string id, RunCommand command, RunStore store, IGrainFactory grains, PatientGrains patient)
    {
        if (await FindAsync(id, store).ConfigureAwait(false) is null)
        {
            return Problems.NoRun(id);
        }

        if (command == RunCommand.Retry && await Retrying.RefusalAsync(id, store, grains).ConfigureAwait(false) is { } why)
        {
            return Problems.Of(StatusCodes.Status409Conflict, "phase_conflict", why);
        }

        var answer = await grains.GetGrain<IRunGrain>(id).Command(command).ConfigureAwait(false);
        if (answer.Status is null)
        {
            return Problems.NoRun(id);
        }

        if (answer.Refusal is { } refusal)
        {
            return Problems.Of(StatusCodes.Status409Conflict, "phase_conflict", refusal);
        }

        if (command == RunCommand.Retry)
        {
            await Retrying.TakeAlongAsync(answer.Status, store, grains).ConfigureAwait(false);
        }

        // Its workers are free, or it wants some: somebody may start now.
        await patient.ScheduleAsync().ConfigureAwait(false);
        return TypedResults.Ok(await patient.RunAsync(id).ConfigureAwait(false));
    }

    /// <summary>The row of a run, looked up before its grain: a made-up id must not wake one.</summary>
    public static Task<RunRow?> FindAsync(string id, RunStore store) => id.Length > 64 ? Task.FromResult<RunRow?>(null) : store.FindAsync(id);
}

/// <summary>A page of runs.</summary>
/// <param name="Items">The runs.</param>
/// <param name="Next">Cursor of the next page; null on the last one.</param>
public sealed record RunList(IReadOnlyList<RunStatus> Items, string? Next);
