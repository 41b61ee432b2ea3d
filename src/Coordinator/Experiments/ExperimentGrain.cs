using System.Text.Json;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Experiments;

/// <summary>
/// Shell around <see cref="ExperimentView"/>. Its runs are in the queue from the moment that it is accepted, and go through their lives by
/// themselves; what is left to do is to look at them, to pass on what a user asks for, and to have the report written when all have ended.
/// </summary>
internal sealed class ExperimentGrain(
    [PersistentState("experiment", StateBackend.GrainStorage)] IPersistentState<ExperimentState> storage,
    ExperimentStore experiments,
    RunStore runs,
    ReconcileRequests reconciler,
    Clock clock) : Grain, IExperimentGrain
{
    private ExperimentRecord? _record;

    public override async Task OnActivateAsync(CancellationToken cancellationToken) =>
        _record = await experiments.FindAsync(this.GetPrimaryKeyString());

    public async Task<ExperimentStatus?> GetStatus() =>
        _record is null ? null : Status(await runs.OfExperimentAsync(_record.Id), storage.State);

    public async Task<bool> Reconcile()
    {
        if (_record is null || storage.State.Ended is not null)
        {
            return false;
        }

        var view = ExperimentView.Of(storage.State, await runs.OfExperimentAsync(_record.Id));
        await Tell(view.ToCancel, RunCommand.Cancel);
        await Index(storage.State);
        return view.ReportIsDue;
    }

    public async Task Reported(string? error)
    {
        if (_record is null || storage.State.Ended is not null)
        {
            return;
        }

        var members = await runs.OfExperimentAsync(_record.Id);
        if (members.All(run => run.Phase.IsTerminal()))
        {
            await Store(ExperimentView.End(storage.State, members, error, clock.Now));
        }
    }

    public async Task<ExperimentAnswer> Command(RunCommand command)
    {
        if (_record is null)
        {
            return new ExperimentAnswer(null, null);
        }

        var members = await runs.OfExperimentAsync(_record.Id);
        var view = ExperimentView.Of(storage.State, members);
        if (Refusal(command, view.Phase) is { } refusal)
        {
            return new ExperimentAnswer(Status(members, storage.State), refusal);
        }

        if (command == RunCommand.Retry)
        {
            await Reopen();
            // Parents come first in the layout, and their children are told after them.
            foreach (var failed in members.Where(run => run.Phase == RunPhase.Failed))
            {
                await Tell([failed.Id], RunCommand.Retry);
            }

            await Index(storage.State);
        }
        else if (command == RunCommand.Cancel)
        {
            if (!storage.State.CancelAsked)
            {
                await Store(storage.State with { CancelAsked = true });
            }

            await Reconcile();
            reconciler.Wake();
        }
        else
        {
            // Those that wait first: else they would take the places of those that are paused before them.
            await Tell([.. members.Where(run => !run.Phase.IsTerminal()).OrderBy(run => run.Members.Count).Select(run => run.Id)], command);
            await Index(storage.State);
        }

        return new ExperimentAnswer(await GetStatus(), null);
    }

    public async Task<string?> Reopen()
    {
        if (_record is null)
        {
            return null;
        }

        if (storage.State.CancelAsked)
        {
            return $"Its experiment {_record.Id} was cancelled. Submit it again.";
        }

        if (storage.State.Ended is not null)
        {
            await Write(storage.State with { Ended = null, EndedAt = null, ReportError = null, Reopened = storage.State.Reopened + 1 });
        }

        // Also when it was open before: a crash may have come in between.
        await experiments.ReopenAsync(_record.Id);
        await Index(storage.State);
        return null;
    }

    private static string? Refusal(RunCommand command, ExperimentPhase phase) => (command, phase) switch
    {
        (RunCommand.Retry, ExperimentPhase.Failed or ExperimentPhase.Reporting or ExperimentPhase.Running or ExperimentPhase.Paused) => null,
        (RunCommand.Retry, _) => "Only an experiment of which runs have failed can be retried.",
        (RunCommand.Cancel, ExperimentPhase.Cancelled or ExperimentPhase.Cancelling) => null,
        (_, var ended) when ended.IsTerminal() => $"The experiment has ended ({JsonNamingPolicy.SnakeCaseLower.ConvertName(ended.ToString())}); an ended one cannot be changed. Submit it again.",
        (_, ExperimentPhase.Reporting) => "All its runs have ended, and it only writes its report.",
        (RunCommand.Pause or RunCommand.Resume, ExperimentPhase.Cancelling) => "The experiment is being cancelled.",
        _ => null,
    };

    // What a run refuses is its own affair: it has ended meanwhile, for instance.
    private async Task Tell(IReadOnlyList<string> runIds, RunCommand command)
    {
        foreach (var id in runIds)
        {
            await GrainFactory.GetGrain<IRunGrain>(id).Command(command);
        }
    }

    private async Task Store(ExperimentState next)
    {
        await Write(next);
        await Index(storage.State);
    }

    private async Task Write(ExperimentState next)
    {
        storage.State = next;
        try
        {
            await storage.WriteStateAsync();
        }
        catch
        {
            // What is stored is unknown now; a new activation reads it.
            DeactivateOnIdle();
            throw;
        }
    }

    // The key of an event is what it tells, so that telling it again after a crash changes nothing.
    private async Task Index(ExperimentState state)
    {
        var status = Status(await runs.OfExperimentAsync(_record!.Id), state);
        RunEventRow[] events = status.Phase is ExperimentPhase.Running or ExperimentPhase.Paused
            ? []
            : [new RunEventRow(Word(status.Phase) + (state.Reopened == 0 ? "" : $".{state.Reopened}"), clock.Now, Word(status.Phase), status.Reason)];
        await experiments.SaveAsync(status, events);
    }

    private ExperimentStatus Status(IReadOnlyList<RunStatus> members, ExperimentState state)
    {
        var view = ExperimentView.Of(state, members);
        var plans = _record!.Plan.Runs.ToDictionary(run => run.Key, run => run.Plan.TrainingFlops);
        return new ExperimentStatus(
            _record.Id,
            _record.Spec.Name,
            _record.Spec.Kind,
            view.Phase,
            view.Reason,
            members.Count,
            members.Count(run => run.Phase == RunPhase.Succeeded),
            members.Count(run => run.Phase is RunPhase.Failed or RunPhase.Cancelled),
            members.Sum(run => run.Steps == 0 ? 0 : plans.GetValueOrDefault(run.ExperimentKey ?? "") * run.Step / run.Steps),
            _record.Plan.TrainingFlops,
            _record.OutputDirectory,
            _record.CreatedAt,
            state.EndedAt);
    }

    private static string Word(ExperimentPhase phase) => JsonNamingPolicy.SnakeCaseLower.ConvertName(phase.ToString());
}
