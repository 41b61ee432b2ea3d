using Microsoft.AspNetCore.Http;
using Temper.Contracts.Specs;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Scheduling;
using Temper.Mixture.Tasks;

namespace Temper.Coordinator.Api;

/// <summary>A submission that was read and found right.</summary>
/// <param name="Spec">The spec.</param>
/// <param name="Plan">What it will cost.</param>
/// <param name="DataRoots">Folders that its sources lie under.</param>
/// <param name="Output">Its output folder; null if none was named.</param>
internal sealed record Submission(RunSpec Spec, RunPlan Plan, IReadOnlyList<string> DataRoots, string? Output)
{
    private static readonly string[] LeftByRuns = ["checkpoints", "model", ReportFiles.Json, ReportFiles.Losses];

    /// <summary>Checks what was sent and works it out; or says what is wrong with it, all of it.</summary>
    public static async Task<(Submission? Value, IResult? Problem)> PlanAsync(SubmittedText sent, CoordinatorOptions options, IGrainFactory grains)
    {
        var errors = new List<SpecError>();
        var roots = DataRootsOf(sent.Data, options, errors);
        var folder = OutputOf(sent.Output, options, errors);
        var agents = await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Agents().ConfigureAwait(false);
        var largest = agents.Where(agent => agent is { SlotCount: > 0, MemoryPerSlot: > 0 }).Select(agent => (long?)agent.MemoryPerSlot).Max();
        // It reads every file that the spec names: not on a thread that answers others.
        var planned = await Task.Run(() => new RunPlanner(new PlanningContext(roots, largest)).ReadAndPlan(sent.Text)).ConfigureAwait(false);
        errors.AddRange(planned.Errors);
        return errors.Count > 0 || planned.Value is not { } run
            ? (null, Problems.WrongSpec(errors))
            : (new Submission(run.Spec, run.Plan, roots, folder), null);
    }

    /// <summary>
    /// Whether a run has written to <paramref name="folder"/>. Other things may lie there: <c>temper run</c> keeps the state of its coordinator in the
    /// output folder of its run.
    /// </summary>
    public static bool HoldsRun(string folder) => LeftByRuns.Any(name => Path.Exists(Path.Combine(folder, name)));

    private static IReadOnlyList<string> DataRootsOf(string? data, CoordinatorOptions options, List<SpecError> errors)
    {
        if (string.IsNullOrEmpty(data))
        {
            return options.DataRoots;
        }

        if (Folders.Under(options.DataRoots, data) is { } folder && Directory.Exists(folder))
        {
            return [folder, .. options.DataRoots];
        }

        errors.Add(new SpecError("?data", $"The folder '{data}' is not under the data roots of this server. Name one under {string.Join(" or ", options.DataRoots)}."));
        return options.DataRoots;
    }

    private static string? OutputOf(string? output, CoordinatorOptions options, List<SpecError> errors)
    {
        if (string.IsNullOrEmpty(output))
        {
            return null;
        }

        var folder = Folders.Under([options.OutputRoot], output);
        if (folder is null)
        {
            errors.Add(new SpecError("?output", $"The folder '{output}' is not under the output root of this server. Name one under {options.OutputRoot}."));
        }

        return folder;
    }
}
