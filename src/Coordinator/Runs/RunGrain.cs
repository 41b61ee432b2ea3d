using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Runs.Metrics;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Runs;

/// <summary>
/// Shell around <see cref="RunRule"/>: reads reports, lets the rule decide, writes the metrics, then the state once, then the index, and
/// only then answers. Whatever a crash interrupts in between is repaired by the next activation.
/// </summary>
internal sealed class RunGrain(
    [PersistentState("run", StateBackend.GrainStorage)] IPersistentState<RunState> storage,
    RunStore runs,
    MetricStore metrics,
    RunLifeMetrics life,
    TrainingMetrics training,
    RunGauges gauges,
    ReconcileRequests reconciler,
    CheckpointFolders folders,
    Clock clock,
    ILogger<RunGrain> log) : Grain, IRunGrain
{
    private static readonly TimeSpan IndexInterval = TimeSpan.FromSeconds(2);
    private readonly Dictionary<int, string> _assignments = [];
    private readonly Dictionary<string, (string Session, long Number)> _heard = [];
    private RunFacts? _facts;
    private RunState _state = new();
    private RunMeter _meter = new(new Dictionary<string, double>());
    private (string Reason, WaitingKind Kind)? _waitsFor;
    private bool _isIndexStale;
    // Log lines that came without a change of state.
    private readonly List<RunEventRow> _unindexed = [];
    private TimeSpan _indexedAt = clock.Elapsed;
    private DateTimeOffset _progressAt = clock.Now;
    private readonly ClockWatch _watch = new(clock);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(this.GetPrimaryKeyString()) is { } row)
        {
            _facts = RunFacts.From(row);
            _meter = new RunMeter(row.Plan.Tasks.ToDictionary(task => task.Name, task => task.Rate));
        }

        _state = storage.State;
        log.LogInformation("Run {Run} is looked after by this coordinator now, at epoch {Epoch}", this.GetPrimaryKeyString(), _state.Epoch);
        if (_facts is not null && storage.RecordExists)
        {
            // Steps are not part of the stored state. Steps of an ended epoch do not count.
            if (_state.Seats.Count > 0 && await metrics.LastStepAsync(_facts.Id, _state.Epoch) is { } step)
            {
                _state = _state with { Step = Math.Max(_state.Step, step) };
            }

            _state = RunRule.Apply(_facts, _state, new RunEvent.Woken(), clock.Now).State;
            try
            {
                await Index();
            }
            catch (Exception e) when (e is DbException or IOException)
            {
                // The database's disk may be full. Status can still be answered; the next change tries to store again.
                log.LogWarning(e, "The index of run {Run} cannot be written; it is tried again", _facts.Id);
            }

            Show();
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gauges.Show(this.GetPrimaryKeyString(), null);
        return Task.CompletedTask;
    }

    public Task<RunStatus?> GetStatus() => Task.FromResult(_facts is null ? null : Status());

    public async Task<bool> Admit(Admission admission)
    {
        if (_facts is null || !_state.Phase.Waits())
        {
            return false;
        }

        var precision = _facts.Spec.Training.Precision switch
        {
            Precision.Auto => admission.HasBf16 ? Precision.Bf16 : Precision.Fp32,
            var asked => asked,
        };
        var seats = admission.Members.Zip(admission.Sessions, (member, session) => new Seat(member.Rank, member.AgentId, member.Slot, session)).ToList();
        if (await folders.ListAsync(_facts.OutputDirectory, _state.Epoch) is not { } found)
        {
            await Explain($"Waits for its output folder {_facts.OutputDirectory}, which does not answer.", WaitingKind.Storage);
            return false;
        }

        return await Apply([new RunEvent.Admitted(seats, precision, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), found)]);
    }

    public async Task Explain(string reason, WaitingKind kind)
    {
        if (_facts is not null && _state.Phase.Waits() && _waitsFor?.Reason != reason)
        {
            _waitsFor = (reason, kind);
            await Index();
        }
    }

    public async Task<ReportAnswer> Report(AgentReport report)
    {
        if (_facts is null)
        {
            return ReportAnswer.Nothing;
        }

        // An agent that got no answer from one coordinator asks another. Its report to the first may still arrive later.
        if (_heard.TryGetValue(report.AgentId, out var last) && last.Session == report.Session && report.Number < last.Number)
        {
            return ReportAnswer.Nothing;
        }

        _heard[report.AgentId] = (report.Session, report.Number);
        var sorted = TrainerReports.Sort(_state, report, clock.Now);
        if (sorted.Steps.Count + sorted.Evaluations.Count > 0)
        {
            await metrics.SaveAsync(_facts.Id, _state.Epoch, sorted.Steps, sorted.Evaluations);
        }

        // Read before the events are applied: a failure in the same report would turn these steps into those of an earlier attempt.
        var bestStep = _state.BestStep;
        var hasChanged = await Apply(sorted.Events, sorted.Log);
        Count(sorted, bestStep);
        return (hasChanged, _state.ReportIsDue) switch
        {
            (false, _) => ReportAnswer.Nothing,
            (true, false) => ReportAnswer.WorkersChanged,
            (true, true) => ReportAnswer.ReportIsDue,
        };
    }

    public Task<IReadOnlyList<TrainerOrder>> OrdersFor(string agentId)
    {
        IReadOnlyList<TrainerOrder> orders = _facts is null || _state.Phase == RunPhase.Cancelling
            ? []
            : [.. _state.Seats.Where(seat => seat.AgentId == agentId && seat.End != SeatEnd.Gone).Select(Order)];
        return Task.FromResult(orders);
    }

    public Task LoseAgent(string agentId, string message) => Apply([new RunEvent.AgentLost(agentId, message)]);

    public Task LoseParent(string message) => Apply([new RunEvent.ParentLost(message)]);

    public async Task<CommandAnswer> Command(RunCommand command)
    {
        if (_facts is null)
        {
            return new CommandAnswer(null, null);
        }

        if (Refusal(command) is { } refusal)
        {
            return new CommandAnswer(Status(), refusal);
        }

        await Apply([command switch
        {
            RunCommand.Pause => new RunEvent.PauseAsked(),
            RunCommand.Resume => new RunEvent.ResumeAsked(),
            RunCommand.Cancel => new RunEvent.CancelAsked(),
            RunCommand.Retry or RunCommand.RetryWithParent => new RunEvent.RetryAsked(),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, null),
        }]);
        return new CommandAnswer(Status(), null);
    }

    public async Task<bool> Reconcile()
    {
        if (_facts is null)
        {
            return false;
        }

        await Apply([new RunEvent.Tick()]);
        await IndexNowAndThen();
        return _state.ReportIsDue;
    }

    public Task<string?> Draft() => Task.FromResult(_state.Draft);

    public Task Delayed(string message) => Apply([new RunEvent.Delayed(message)]);

    public Task Unpublished(string draft, string message) => Apply([new RunEvent.Unpublished(draft, message)]);

    public Task Reported(string? error) => Apply([new RunEvent.Reported(error)]);

    /// <summary>Applies events one after the other, then stores the outcome once. True if the run's phase or workers changed.</summary>
    private async Task<bool> Apply(IReadOnlyList<RunEvent> events, IReadOnlyList<RunEventRow>? log = null)
    {
        if (_facts is null)
        {
            return false;
        }

        var jump = _watch.Jump();
        if (jump != TimeSpan.Zero)
        {
            events = [new RunEvent.ClockSet(jump), .. events];
            _progressAt += jump;
        }

        var now = clock.Now;
        var before = _state;
        var next = _state;
        var tallies = new List<RunTally>();
        var isDurable = false;
        var notes = new List<RunNote>();
        foreach (var e in events)
        {
            var change = RunRule.Apply(_facts, next, e, now);
            if (change.IsDurable)
            {
                tallies.Add(RunTally.Of(next, change.State, _facts.CreatedAt, now));
            }

            next = change.State;
            isDurable |= change.IsDurable;
            notes.AddRange(change.Notes);
        }

        if (isDurable)
        {
            var waitedFor = _waitsFor?.Kind;
            await Store(next, notes, log ?? [], now);
            tallies.ForEach(tally => life.Count(tally, waitedFor));
            if (_state.HasPartialResult && !before.Phase.IsTerminal())
            {
                reconciler.Report(_facts.Id);
            }

            if (_facts.Experiment is not null && _state.Phase.IsTerminal())
            {
                // It may have been the last of its experiment.
                reconciler.Wake();
            }
        }
        else
        {
            _state = next;
            if (log is { Count: > 0 } || _isIndexStale)
            {
                await Index(log);
            }
            else
            {
                await IndexNowAndThen();
            }
        }

        _progressAt = before.Phase == _state.Phase ? _progressAt : now;
        Show();
        return before.Phase != _state.Phase || before.Epoch != _state.Epoch || (before.Seats.Count > 0) != (_state.Seats.Count > 0) || before.ReportIsDue != _state.ReportIsDue;
    }

    private async Task Store(RunState next, List<RunNote> notes, IReadOnlyList<RunEventRow> log, DateTimeOffset now)
    {
        var changes = _state.Changes + 1;
        var rows = notes.Select((note, i) => new RunEventRow($"c{changes}.{i}", now, note.Kind, note.Message, note.Data is null ? null : ProtocolJson.Write(note.Data)));
        // Events that could not be written to the index are kept until they can. After a crash only those of the last change are left.
        IReadOnlyList<RunEventRow> earlier = _isIndexStale ? [.. _state.LastEvents, .. _unindexed] : [];
        next = next with { Changes = changes, LastEvents = [.. earlier, .. log, .. rows] };
        storage.State = next;
        try
        {
            await storage.WriteStateAsync();
        }
        catch
        {
            // It is unknown what was stored; a new activation reads it.
            DeactivateOnIdle();
            throw;
        }

        if (next.Epoch != _state.Epoch)
        {
            _assignments.Clear();
        }

        _state = next;
        if (!next.Phase.Waits())
        {
            _waitsFor = null;
        }

        await Index();
    }

    private async Task Index(IReadOnlyList<RunEventRow>? log = null)
    {
        _isIndexStale = true;
        _unindexed.AddRange(log ?? []);
        await runs.SaveAsync(Status(), _state.Changes, [.. _state.LastEvents, .. _unindexed]);
        _unindexed.Clear();
        _isIndexStale = false;
        _indexedAt = clock.Elapsed;
    }

    // The index's step is for lists, where a few seconds of delay do not matter.
    private Task IndexNowAndThen() =>
        _state.Seats.Count > 0 && clock.Elapsed - _indexedAt >= IndexInterval ? Index() : Task.CompletedTask;

    private void Count(SortedReport report, int bestStep)
    {
        if (report.Steps.Count + report.Evaluations.Count + report.Checkpoints.Count == 0)
        {
            return;
        }

        _progressAt = clock.Now;
        _meter.Add(report.Steps, bestStep, _state.PeakFlops * _facts!.Spec.Workers);
        training.Count(report.Steps, bestStep);
        training.Count(report.Evaluations);
        training.Count(report.Checkpoints);
        Show();
    }

    private void Show() => gauges.Show(_facts!.Id, RunView.Of(_facts, _state, _progressAt, _meter.Measures));

    private string? Refusal(RunCommand command) => (command, _state.Phase) switch
    {
        (RunCommand.Cancel, RunPhase.Cancelled) => null,
        (RunCommand.RetryWithParent, RunPhase.Failed) when _state.FailureCause != FailureCauses.ParentFailed => "It failed for another reason than that the run which it starts from had failed.",
        (RunCommand.Retry or RunCommand.RetryWithParent, RunPhase.Failed) => _state.FailureCause is null || FailurePolicy.Of(_state.FailureCause) is { IsResumable: true }
            ? null
            : $"The run failed by {_state.FailureCause}, and from its checkpoint it would do so again. {FailurePolicy.Of(_state.FailureCause).Summary}",
        // It has been retried already.
        (RunCommand.Retry, RunPhase.Queued or RunPhase.Starting or RunPhase.Running or RunPhase.Recovering) => null,
        (RunCommand.Retry or RunCommand.RetryWithParent, _) => "Only a run that has failed can be retried.",
        (RunCommand.Pause or RunCommand.Resume, RunPhase.Failed) => "The run has failed. Retry it to go on from its checkpoint, or submit it again.",
        (_, var phase) when phase.IsTerminal() => $"The run has ended ({JsonNamingPolicy.SnakeCaseLower.ConvertName(phase.ToString())}); an ended run cannot be changed. Submit it again.",
        (RunCommand.Pause, RunPhase.Cancelling) => "The run is being cancelled.",
        (RunCommand.Pause or RunCommand.Cancel, _) when _state.ReportIsDue => "The run is trained and only writes its report.",
        (RunCommand.Resume, RunPhase.Paused or RunPhase.Queued or RunPhase.Starting or RunPhase.Running or RunPhase.Recovering) => null,
        (RunCommand.Resume, _) => "The run still saves its checkpoint or is being cancelled. Ask again when it is paused.",
        _ => null,
    };

    private TrainerOrder Order(Seat seat)
    {
        if (!_assignments.TryGetValue(seat.Rank, out var assignment))
        {
            assignment = ProtocolJson.Write(new TrainerAssignment(
                _facts!.Id,
                _state.Epoch,
                seat.Rank,
                _facts.Spec.Workers,
                _facts.Spec,
                _state.Precision!.Value,
                _facts.DataRoots,
                _facts.OutputDirectory,
                _state.Start?.Name,
                _state.Secret!,
                [.. _facts.Origins.Select(origin => origin.Folder)]));
            _assignments[seat.Rank] = assignment;
        }

        var offers = _state.Seats.All(s => s.Offer is not null) ? _state.Seats.Select(s => s.Offer!).ToList() : null;
        return new TrainerOrder(_facts!.Id, _state.Epoch, seat.Rank, seat.Slot, assignment, offers, _state.Phase == RunPhase.Pausing || _state.Seats.Any(s => s.IsDraining), seat.Acknowledged);
    }

    private RunStatus Status() => _facts!.Status(_state, _waitsFor?.Reason);
}
