using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>Runs: submit, look, command.</summary>
internal static class RunsApi
{
    private const string IdempotencyKey = "Idempotency-Key";

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
        api.MapGet("/runs", List).WithName("ListRuns").WithSummary("Runs from the newest on; 'next' is the cursor of the following page.").WithTags("runs")
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
    }

    private static void MapCommand(IEndpointRouteBuilder api, string verb, RunCommand command, string summary) =>
        api.MapPost($"/runs/{{id}}/{verb}", (string id, RunStore store, IGrainFactory grains) => Command(id, command, store, grains))
            .WithName($"{char.ToUpperInvariant(verb[0])}{verb[1..]}Run").WithSummary(summary).WithTags("runs")
            .Produces<RunStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<IResult> Submit(
        HttpRequest request,
        string? data,
        string? output,
        CoordinatorOptions options,
        RunStore store,
        IGrainFactory grains,
        Clock clock,
        ILoggerFactory loggers)
    {
        var key = request.Headers[IdempotencyKey].ToString();
        if (key.Length > Limits.IdempotencyKeyLength)
        {
            return Problems.Of(StatusCodes.Status400BadRequest, "idempotency_key_long", $"The {IdempotencyKey} has {key.Length} characters; at most {Limits.IdempotencyKeyLength} are kept.");
        }

        var (sent, unread) = await SubmittedText.ReadAsync(request, data, output).ConfigureAwait(false);
        if (sent is null)
        {
            return unread!;
        }

        // Before anything is checked: a request that is sent again gets its run, whatever has become of the files since.
        if (key.Length > 0 && await store.FindByKeyAsync(key, sent.Hash).ConfigureAwait(false) is { } earlier)
        {
            return await AnswerAsync(earlier, grains).ConfigureAwait(false);
        }

        var (submission, problem) = await Submission.PlanAsync(sent, options, grains).ConfigureAwait(false);
        if (submission is null)
        {
            return problem!;
        }

        if (submission.Output is { } folder && Submission.HoldsRun(folder))
        {
            // Whose it is says more than that it is full.
            return (await store.OpenRunsAsync().ConfigureAwait(false)).FirstOrDefault(run => run.Status.OutputDirectory == folder) is { } living
                ? await AnswerAsync(new InsertResult.OutputTaken(living.Status.Id, folder), grains).ConfigureAwait(false)
                : Problems.Of(StatusCodes.Status409Conflict, "output_not_empty", $"The folder {folder} holds what an earlier run left: a new run would go on from its checkpoints or overwrite its results. Name a new output folder, or move that one away.");
        }

        var row = Row(submission, options, clock);
        var status = new RunStatus(
            row.Id, row.Name, RunPhase.Queued, new RunState().Reason, 0, submission.Spec.Training.Steps, 0, submission.Spec.Workers,
            [], [], null, row.OutputDirectory, row.CreatedAt, null, null, null);
        var result = await store.InsertAsync(row, status, key.Length == 0 ? null : key, sent.Hash).ConfigureAwait(false);
        if (result is InsertResult.Inserted)
        {
            await TryScheduleAsync(grains, loggers).ConfigureAwait(false);
        }

        return await AnswerAsync(result, grains).ConfigureAwait(false);
    }

    private static async Task<IResult> AnswerAsync(InsertResult result, IGrainFactory grains) => result switch
    {
        InsertResult.Inserted(var id) => TypedResults.Created($"/api/v1/runs/{id}", await grains.GetGrain<IRunGrain>(id).GetStatus().ConfigureAwait(false)),
        InsertResult.Repeated(var id) => TypedResults.Created($"/api/v1/runs/{id}", await grains.GetGrain<IRunGrain>(id).GetStatus().ConfigureAwait(false)),
        InsertResult.KeyTaken(var id) => Problems.Of(StatusCodes.Status409Conflict, "idempotency_key_taken", $"The {IdempotencyKey} was used for another request, which became run '{id}'. Use a new key for a new run."),
        InsertResult.OutputTaken(var id, var folder) => Problems.Of(StatusCodes.Status409Conflict, "output_taken", $"Run '{id}' has not ended and writes to {folder}. Name another output folder, or cancel that run."),
        _ => throw new InvalidOperationException($"Unknown result {result}."),
    };

    private static async Task<IResult> Validate(HttpRequest request, string? data, CoordinatorOptions options, IGrainFactory grains)
    {
        var (sent, unread) = await SubmittedText.ReadAsync(request, data, null).ConfigureAwait(false);
        if (sent is null)
        {
            return unread!;
        }

        var (submission, problem) = await Submission.PlanAsync(sent, options, grains).ConfigureAwait(false);
        return submission is null ? problem! : TypedResults.Ok(submission.Plan);
    }

    private static async Task<IResult> List(RunStore store, string? phase, string? cursor, int? limit)
    {
        RunPhase? wanted = null;
        if (!string.IsNullOrEmpty(phase))
        {
            if (!Enum.TryParse<RunPhase>(phase, ignoreCase: true, out var parsed) || !Enum.GetNames<RunPhase>().Contains(phase, StringComparer.OrdinalIgnoreCase))
            {
                return Problems.Of(StatusCodes.Status400BadRequest, "phase_unknown", $"There is no phase '{phase}'. Write one of {string.Join(", ", Enum.GetNames<RunPhase>()).ToLowerInvariant()}.");
            }

            wanted = parsed;
        }

        long? before = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            if (!long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed))
            {
                return Problems.Of(StatusCodes.Status400BadRequest, "cursor_unknown", "The cursor is none that this list gave. Leave it out to begin at the newest run.");
            }

            before = parsed;
        }

        var most = Math.Clamp(limit ?? 50, 1, Limits.PageSize);
        var rows = await store.ListAsync(wanted, before, most + 1).ConfigureAwait(false);
        var page = rows.Take(most).ToList();
        var next = rows.Count > most ? page[^1].Order.ToString(CultureInfo.InvariantCulture) : null;
        return TypedResults.Ok(new RunList([.. page.Select(row => row.Status)], next));
    }

    private static async Task<IResult> Show(string id, RunStore store, IGrainFactory grains) =>
        await FindAsync(id, store).ConfigureAwait(false) is null
            ? Problems.NoRun(id)
            : TypedResults.Ok(await grains.GetGrain<IRunGrain>(id).GetStatus().ConfigureAwait(false));

    private static async Task<IResult> Spec(string id, RunStore store) =>
        await FindAsync(id, store).ConfigureAwait(false) is { } row ? TypedResults.Ok(JsonNode.Parse(row.Spec)) : Problems.NoRun(id);

    private static async Task<IResult> Plan(string id, RunStore store) =>
        await FindAsync(id, store).ConfigureAwait(false) is { } row ? TypedResults.Ok(row.Plan) : Problems.NoRun(id);

    private static async Task<IResult> Command(string id, RunCommand command, RunStore store, IGrainFactory grains)
    {
        if (await FindAsync(id, store).ConfigureAwait(false) is null)
        {
            return Problems.NoRun(id);
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

        // Its workers are free, or it wants some: somebody may start now.
        await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Schedule(null).ConfigureAwait(false);
        return TypedResults.Ok(await grains.GetGrain<IRunGrain>(id).GetStatus().ConfigureAwait(false));
    }

    /// <summary>The row of a run, looked up before its grain: a made-up id must not wake one.</summary>
    public static Task<RunRow?> FindAsync(string id, RunStore store) => id.Length > 64 ? Task.FromResult<RunRow?>(null) : store.FindAsync(id);

    private static RunRow Row(Submission submission, CoordinatorOptions options, Clock clock)
    {
        var id = RandomNumberGenerator.GetString("0123456789abcdefghjkmnpqrstvwxyz", 10);
        return new RunRow(
            id,
            submission.Spec.Name,
            SpecJson.Write(submission.Spec),
            submission.DataRoots,
            submission.Output ?? Path.Combine(Path.GetFullPath(options.OutputRoot), $"{submission.Spec.Name}-{id}"),
            submission.Plan,
            clock.Now);
    }

    // The run is accepted whatever happens here: the next tick schedules it.
    private static async Task TryScheduleAsync(IGrainFactory grains, ILoggerFactory loggers)
    {
        try
        {
            await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Schedule(null).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            loggers.CreateLogger(nameof(RunsApi)).LogWarning(e, "Scheduling right after a submission failed; the next tick does it");
        }
    }
}

/// <summary>A page of runs.</summary>
/// <param name="Items">The runs.</param>
/// <param name="Next">Cursor of the next page; null on the last one.</param>
public sealed record RunList(IReadOnlyList<RunStatus> Items, string? Next);
