using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Temper.Contracts.Experiments;
using Temper.Coordinator.Api;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.Coordinator.Web.Visits;
using Temper.Mixture.Tasks;
using Temper.Planning.Reading;
using Temper.Planning.Runs;

namespace Temper.Coordinator.Web;

/// <summary>What a visitor asks for, done by what REST does it with once it is known that they still may.</summary>
internal sealed class Requests(Visit visit, RunStore runs, ExperimentStore experiments, SubmissionPlanner planning, IGrainFactory grains, PatientGrains patient, Clock clock)
{
    /// <summary>Commands a run; why it was not done, null if it was.</summary>
    public async Task<string?> CommandRunAsync(string id, RunCommand command) =>
        await RefusedAsync().ConfigureAwait(true) ?? Detail(await RunsApi.Command(id, command, runs, grains, patient).ConfigureAwait(true));

    /// <summary>Commands an experiment; why it was not done, null if it was.</summary>
    public async Task<string?> CommandExperimentAsync(string id, RunCommand command) =>
        await RefusedAsync().ConfigureAwait(true) ?? Detail(await ExperimentsApi.Command(id, command, experiments, grains, patient).ConfigureAwait(true));

    /// <summary>Says what is wrong with a spec, or what it will be.</summary>
    public async Task<Checked> CheckAsync(bool isExperiment, SubmittedText sent)
    {
        if (!await visit.MayAsync(Role.Viewer).ConfigureAwait(true))
        {
            return new Checked([], null, null);
        }

        if (isExperiment)
        {
            var (experiment, problem) = await ExperimentSubmission.PlanAsync(sent, planning).ConfigureAwait(true);
            return new Checked(Mistakes(problem, sent.Text), null, experiment?.Planned.Summary());
        }

        var (run, wrong) = await Submission.PlanAsync(sent, planning).ConfigureAwait(true);
        return new Checked(Mistakes(wrong, sent.Text), run?.Run, null);
    }

    /// <summary>Submits a spec: the id of what it became, or why it became nothing.</summary>
    /// <param name="isExperiment">Whether it is an experiment.</param>
    /// <param name="sent">The spec.</param>
    /// <param name="key">Makes it happen once, however often it is asked for.</param>
    public async Task<(string? Id, string? Refusal)> SubmitAsync(bool isExperiment, SubmittedText sent, string key)
    {
        if (await RefusedAsync().ConfigureAwait(true) is { } refused)
        {
            return (null, refused);
        }

        var earlier = isExperiment
            ? await experiments.FindByKeyAsync(key, sent.Hash).ConfigureAwait(true)
            : await runs.FindByKeyAsync(key, sent.Hash).ConfigureAwait(true);
        var (result, problem) = earlier is not null ? (earlier, null)
            : isExperiment ? await ExperimentsApi.InsertAsync(sent, key, planning, experiments, clock).ConfigureAwait(true)
            : await RunsApi.InsertAsync(sent, key, planning, runs, clock).ConfigureAwait(true);
        switch (result)
        {
            case InsertResult.Inserted(var id):
                await patient.ScheduleAsync().ConfigureAwait(true);
                return (id, null);
            case InsertResult.Repeated(var id):
                return (id, null);
            default:
                return (null, result is null ? Detail(problem!) : Acceptance.Refusal(result, isExperiment ? "experiment" : "run").ProblemDetails.Detail);
        }
    }

    private async Task<string?> RefusedAsync() => await visit.MayAsync(Role.Submitter).ConfigureAwait(true) ? null
        : visit.Visitor is { } visitor ? $"The API key '{visitor.Name}' has the role {KeyStore.NameOf(visitor.Role)}, and this needs {KeyStore.NameOf(Role.Submitter)}. Sign in with a key of that role."
        : "The session has ended. Sign in again.";

    private static string? Detail(IResult answer) => (answer as ProblemHttpResult)?.ProblemDetails.Detail;

    private static IReadOnlyList<Mistake> Mistakes(IResult? problem, string text) =>
        (problem as ProblemHttpResult)?.ProblemDetails is not { } details ? []
        : details.Extensions.TryGetValue("errors", out var found) && found is IReadOnlyList<SpecError> errors
            ? [.. errors.Zip(SpecPlaces.LinesOf(text, [.. errors.Select(error => error.Path)]), (error, line) => new Mistake(line, error.Path, error.Message)).OrderBy(mistake => mistake.Line ?? 0)]
            : [new Mistake(null, "$", details.Detail ?? "")];
}

/// <summary>What a check found.</summary>
/// <param name="Mistakes">What is wrong; empty if nothing is.</param>
/// <param name="Run">What the run will be.</param>
/// <param name="Experiment">What the experiment will be.</param>
public sealed record Checked(IReadOnlyList<Mistake> Mistakes, PlannedRun? Run, ExperimentPlan? Experiment);

/// <summary>A mistake in a spec.</summary>
/// <param name="Line">Its line, from 1; null where it is in none.</param>
/// <param name="Path">Its place in the document.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record Mistake(int? Line, string Path, string Message);
