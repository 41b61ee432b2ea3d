using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Temper.Coordinator.Http;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>What submissions of runs and of experiments have in common: each is read, accepted once for each idempotency key, scheduled and answered.</summary>
/// <param name="what">What is submitted: <c>run</c> or <c>experiment</c>; with an s it is the place in the API.</param>
/// <param name="findByKey">What became of an earlier request with this key and hash.</param>
/// <param name="status">The state of what has an id.</param>
internal sealed class Acceptance<T>(string what, Func<string, string, Task<InsertResult?>> findByKey, Func<string, Task<T>> status)
{
    /// <summary>Accepts a request, or says what is wrong with it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="data">The data folder that it names.</param>
    /// <param name="output">The output folder that it names.</param>
    /// <param name="insert">Checks what was sent and stores it under its key; or says what is wrong.</param>
    /// <param name="grains">The way to the scheduler.</param>
    public async Task<IResult> SubmitAsync(
        HttpRequest request,
        string? data,
        string? output,
        Func<SubmittedText, string?, Task<(InsertResult? Result, IResult? Problem)>> insert,
        PatientGrains grains)
    {
        var (key, wrongKey) = SubmittedText.Key(request);
        if (wrongKey is not null)
        {
            return wrongKey;
        }

        var (sent, unread) = await SubmittedText.ReadAsync(request, data, output).ConfigureAwait(false);
        if (sent is null)
        {
            return unread!;
        }

        // Before anything is checked: a request that is sent again gets what it made, whatever has become of the files since.
        if (key is not null && await findByKey(key, sent.Hash).ConfigureAwait(false) is { } earlier)
        {
            return await AnswerAsync(earlier).ConfigureAwait(false);
        }

        var (result, problem) = await insert(sent, key).ConfigureAwait(false);
        if (result is InsertResult.Inserted)
        {
            await grains.ScheduleAsync().ConfigureAwait(false);
        }

        return result is null ? problem! : await AnswerAsync(result).ConfigureAwait(false);
    }

    private async Task<IResult> AnswerAsync(InsertResult result) => result switch
    {
        InsertResult.Inserted(var id) => await CreatedAsync(id).ConfigureAwait(false),
        InsertResult.Repeated(var id) => await CreatedAsync(id).ConfigureAwait(false),
        _ => Acceptance.Refusal(result, what),
    };

    private async Task<IResult> CreatedAsync(string id) => TypedResults.Created($"/api/v1/{what}s/{id}", await status(id).ConfigureAwait(false));
}

/// <summary>What is so whoever submits and however.</summary>
internal static class Acceptance
{
    /// <summary>Why a submission was not stored.</summary>
    public static ProblemHttpResult Refusal(InsertResult result, string what) => result switch
    {
        InsertResult.KeyTaken(var id) => Problems.Of(StatusCodes.Status409Conflict, "idempotency_key_taken", $"The {SubmittedText.IdempotencyKey} was used for another request, which became {what} '{id}'. Use a new key for a new {what}."),
        InsertResult.OutputTaken(var id, var folder, null) => Problems.Of(StatusCodes.Status409Conflict, "output_taken", $"'{id}' has not ended and writes to {folder}. Name another output folder, or cancel that one."),
        InsertResult.OutputTaken(var id, var folder, var asked) => Problems.Of(StatusCodes.Status409Conflict, "output_taken", $"'{id}' has not ended and writes to {folder}, and {asked} is no folder beside it: one would delete what the other writes. Name a folder beside it, or cancel that one."),
        _ => throw new InvalidOperationException($"Unknown result {result}."),
    };
}
