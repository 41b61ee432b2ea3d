using Microsoft.AspNetCore.Http;
using Temper.Contracts.Experiments;
using Temper.Coordinator.Http;
using Temper.Coordinator.Store;
using Temper.Mixture.Tasks;
using Temper.Planning.Experiments;

namespace Temper.Coordinator.Api;

/// <summary>An experiment that was read and found right.</summary>
/// <param name="Id">The id that it will have.</param>
/// <param name="Planned">The experiment, its runs and what they will cost.</param>
/// <param name="DataRoots">Folders that its sources lie under.</param>
/// <param name="Output">Its output folder.</param>
internal sealed record ExperimentSubmission(string Id, PlannedExperiment Planned, IReadOnlyList<string> DataRoots, string Output)
{
    /// <summary>Checks what was sent and works it out; or says what is wrong with it, all of it.</summary>
    public static async Task<(ExperimentSubmission? Value, IResult? Problem)> PlanAsync(SubmittedText sent, SubmissionPlanner planning)
    {
        var errors = new List<SpecError>();
        var roots = planning.DataRootsOf(sent.Data, errors);
        var folder = planning.OutputOf(sent.Output, errors);
        var id = SubmissionPlanner.NewId();
        var context = await planning.ContextAsync(roots).ConfigureAwait(false);
        var planned = await planning.WorkOutAsync(() => ExperimentPlanner.ReadAndPlan(sent.Text, id, Output, context)).ConfigureAwait(false);
        errors.AddRange(planned.Errors);
        return errors.Count > 0
            ? (null, Problems.WrongSpec(errors))
            : (new ExperimentSubmission(id, planned.Value!, roots, Output(planned.Value!.Spec)), null);

        string Output(ExperimentSpec spec) => folder ?? planning.NewOutput(spec.Name, id);
    }

    /// <summary>What is stored of it: all at once, so that an accepted experiment has all its runs.</summary>
    public (ExperimentRecord Record, ExperimentStatus Status, IReadOnlyList<(RunRow Row, Contracts.Runs.RunStatus Status)> Runs) Rows(DateTimeOffset now)
    {
        var plan = Planned.Summary();
        var runs = Planned.Layout.Runs.Zip(Planned.Runs)
            .Select(pair => Submission.Row(pair.Second, pair.First.RunId, DataRoots, ExperimentPlanner.OutputOf(Output, pair.First.Key), new ExperimentMember(Id, pair.First.Key), now))
            .ToList();
        var status = new ExperimentStatus(Id, Planned.Spec.Name, Planned.Spec.Kind, ExperimentPhase.Running, "Waits to be scheduled.", runs.Count, 0, 0, 0, plan.TrainingFlops, Output, now, null);
        return (new ExperimentRecord(Id, Planned.Spec, Planned.Layout, plan, Output, now), status, runs);
    }
}
