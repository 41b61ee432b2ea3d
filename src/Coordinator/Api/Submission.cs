using Microsoft.AspNetCore.Http;
using Temper.Contracts.Runs;
using Temper.Coordinator.Http;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.Mixture.Tasks;
using Temper.Planning.Runs;

namespace Temper.Coordinator.Api;

/// <summary>A submission that was read and found right.</summary>
/// <param name="Run">The spec and what it will cost.</param>
/// <param name="DataRoots">Folders that its sources lie under.</param>
/// <param name="Output">Its output folder; null if none was named.</param>
internal sealed record Submission(PlannedRun Run, IReadOnlyList<string> DataRoots, string? Output)
{
    /// <summary>Checks what was sent and works it out; or says what is wrong with it, all of it.</summary>
    public static async Task<(Submission? Value, IResult? Problem)> PlanAsync(SubmittedText sent, SubmissionPlanner planning)
    {
        var errors = new List<SpecError>();
        var roots = planning.DataRootsOf(sent.Data, errors);
        var folder = planning.OutputOf(sent.Output, errors);
        var context = await planning.ContextAsync(roots).ConfigureAwait(false);
        var planned = await planning.WorkOutAsync(() => new RunPlanner(context).ReadAndPlan(sent.Text)).ConfigureAwait(false);
        errors.AddRange(planned.Errors);
        return errors.Count > 0 || planned.Value is not { } run
            ? (null, Problems.WrongSpec(errors))
            : (new Submission(run, roots, folder), null);
    }

    /// <summary>What is stored of it, and how it begins.</summary>
    /// <param name="run">The run and its plan.</param>
    /// <param name="id">Its id.</param>
    /// <param name="roots">Folders that its sources lie under.</param>
    /// <param name="output">Its output folder.</param>
    /// <param name="experiment">The experiment that it belongs to.</param>
    /// <param name="now">When it is accepted.</param>
    public static (RunRow Row, RunStatus Status) Row(PlannedRun run, string id, IReadOnlyList<string> roots, string output, ExperimentMember? experiment, DateTimeOffset now)
    {
        var row = new RunRow(id, run.Spec.Name, SpecJson.Write(run.Spec), roots, output, run.Plan, now, run.Origins, experiment);
        return (row, RunFacts.From(row).Status(new RunState(), null));
    }
}
