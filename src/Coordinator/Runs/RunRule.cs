using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Planning.Models;

namespace Temper.Coordinator.Runs;

/// <summary>
/// The life of a run as a pure function: (facts, state, event, now) to the new state and the notes for those who watch. The grain around it only
/// stores the state and answers calls. Three laws, each a property test: a run never leaves succeeded or cancelled, and leaves failed only when a user
/// retries it, with a new epoch; the epoch only grows; an event of another epoch changes nothing.
/// </summary>
internal static class RunRule
{
    /// <summary>How long a failure that may be the consequence of another one waits for that one to be reported: two heartbeats.</summary>
    public static readonly TimeSpan SuspicionTime = TimeSpan.FromSeconds(2);

    /// <summary>How long all ranks have from their admission until they are ready; as long as a trainer may be without progress, if that is longer.</summary>
    public static readonly TimeSpan StartTime = TimeSpan.FromMinutes(15);

    private const int MaxRecoveriesKept = 1000;
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(FailurePolicy.Table.Max(policy => policy.BackOff.MaxSeconds));

    private static SortedDictionary<string, FailureCount> Nothing { get; } = new(StringComparer.Ordinal);

    public static RunChange Apply(RunFacts facts, RunState state, RunEvent e, DateTimeOffset now)
    {
        if (state.Phase.IsTerminal())
        {
            return e is RunEvent.RetryAsked && state.Phase == RunPhase.Failed ? Retry(state, now) : Same(state);
        }

        return e switch
        {
            RunEvent.Admitted admitted => Admit(facts, state, admitted, now),
            RunEvent.RankListed x => IfCurrent(state, x.Epoch, x.Rank, seat => Quietly(WithSeat(state, seat with { Listed = true, Acknowledged = Math.Max(seat.Acknowledged, x.Acknowledged) }))),
            RunEvent.RankReady x => IfCurrent(state, x.Epoch, x.Rank, seat => Ready(state, seat, x.Offer)),
            RunEvent.RankStarted x => IfCurrent(state, x.Epoch, x.Rank, _ => Started(facts, state, x, now)),
            RunEvent.StepMade x => x.Epoch == state.Epoch && x.Step > state.Step ? Quietly(state with { Step = x.Step }) : Same(state),
            RunEvent.CheckpointSaved x => x.Epoch == state.Epoch ? Saved(facts, state, x, now) : Same(state),
            RunEvent.RankStopped x => IfCurrent(state, x.Epoch, x.Rank, seat => Stopped(facts, state, seat, x.Step, now)),
            RunEvent.RankFinished x => IfCurrent(state, x.Epoch, x.Rank, seat => Finished(facts, state, seat, x, now)),
            RunEvent.RankFailed x => IfCurrent(state, x.Epoch, x.Rank, seat => Failed(facts, state, seat, x, now)),
            RunEvent.RankGone x => IfCurrent(state, x.Epoch, x.Rank, seat => Gone(state, [seat], now)),
            RunEvent.AgentHeard x => Heard(state, x.AgentId),
            RunEvent.AgentDraining x => Draining(state, x.AgentId),
            RunEvent.AgentLost x => LostAgent(facts, state, x, now),
            RunEvent.ParentLost x => state.Seats.Count == 0 ? End(state, RunPhase.Failed, x.Message, now, FailureCauses.ParentFailed) : Same(state),
            RunEvent.PauseAsked => Pause(facts, state),
            RunEvent.ResumeAsked => Resume(state, now),
            RunEvent.CancelAsked => Cancel(state, now),
            RunEvent.RetryAsked => Same(state),
            RunEvent.Reported x => Reported(facts, state, x.Error, now),
            RunEvent.Delayed x => Delayed(state, x.Message),
            RunEvent.Unpublished x => x.Draft == state.Draft
                ? EndEpoch(facts, state with { ModelDirectory = null }, FailureCauses.StorageUnreadable, $"The model could not be put in its place: {x.Message}", [], now)
                : Same(state),
            RunEvent.ClockSet x => ClockSet(state, x.By),
            RunEvent.Woken => Woken(facts, state, now),
            RunEvent.Tick => state.Suspicion is { } suspicion && now >= suspicion.Until ? Confirm(facts, state, suspicion, now) : Late(facts, state, now),
            _ => throw new ArgumentOutOfRangeException(nameof(e), e, "There is no rule for this event."),
        };
    }

    private static RunChange Admit(RunFacts facts, RunState state, RunEvent.Admitted admitted, DateTimeOffset now)
    {
        if (!state.Phase.Waits() || admitted.Seats.Count != facts.Spec.Workers)
        {
            return Same(state);
        }

        var checkpoints = Known(facts, state, admitted.Found);
        var start = checkpoints.Count > 0 ? checkpoints[^1] : null;
        var next = state with
        {
            Phase = RunPhase.Starting,
            Reason = start is null ? "Trainers start." : $"Trainers start from the checkpoint of step {start.Step}.",
            Epoch = state.Epoch + 1,
            Seats = admitted.Seats,
            Precision = state.Precision ?? admitted.Precision,
            Secret = admitted.Secret,
            Checkpoints = checkpoints,
            Start = start,
            Recoveries = FromStep(state, start?.Step ?? 0),
            Step = start?.Step ?? 0,
            AdmittedAt = now,
            StartUntil = now + StartLimit(facts),
            RetryAt = null,
            StartedAt = state.StartedAt ?? now,
        };
        return Durably(next, new RunNote("admitted", $"Epoch {next.Epoch}: {next.Reason}", new { next.Epoch, Members = Members(next), FromStep = next.Step }));
    }

    // What was reported, and what lies in the folder: a trainer may have died before it could report its last checkpoint, or have gone on while the
    // coordinator was away, and deleted what it knew. A checkpoint carries the rows that were not stored when it was written, so series have no gap.
    private static IReadOnlyList<CheckpointMark> Known(RunFacts facts, RunState state, IReadOnlyList<CheckpointMark> found)
    {
        var reported = state.Checkpoints.Where(IsUsable).ToList();
        var present = found.Where(IsUsable).ToList();
        // What was reported and is not there was deleted; where nothing is there, the folder may only be away.
        return [.. (present.Count > 0 ? present : reported).OrderBy(mark => mark.Step).ThenBy(mark => mark.Name, StringComparer.Ordinal).TakeLast(facts.Spec.Training.KeepCheckpoints)];

        bool IsUsable(CheckpointMark mark) =>
            mark.Step > 0 && mark.Step <= facts.Spec.Training.Steps && !state.DamagedCheckpoints.Contains(mark.Name);
    }

    // The recovery was recorded before the folder was read; correct the step that the run continues from.
    private static IReadOnlyList<Recovery> FromStep(RunState state, int step) =>
        state.Recoveries is [.., var last] && last.Epoch == state.Epoch && last.FromStep != step
            ? [.. state.Recoveries.SkipLast(1), last with { FromStep = step }]
            : state.Recoveries;

    private static RunChange Ready(RunState state, Seat seat, string offer)
    {
        if (seat.Offer is not null)
        {
            return Same(state);
        }

        var next = WithSeat(state, seat with { Offer = offer });
        return Durably(next, next.Seats.All(s => s.Offer is not null) ? [new RunNote("ready", $"All {next.Seats.Count} ranks have loaded and meet.")] : []);
    }

    // A rank that never becomes ready would keep the other ranks waiting and their slots occupied.
    private static RunChange Late(RunFacts facts, RunState state, DateTimeOffset now)
    {
        var limit = StartLimit(facts);
        var missing = state.Seats.Where(seat => seat.Offer is null).ToList();
        return state.Phase == RunPhase.Starting && missing.Count > 0 && now > (state.StartUntil ?? state.AdmittedAt + limit)
            ? EndEpoch(facts, state, FailureCauses.StartTimeout, $"{string.Join(", ", missing.Select((seat, i) => Name(seat, i == 0)))} {(missing.Count == 1 ? "was" : "were")} not ready within {limit.TotalMinutes:0} minutes.", missing, now)
            : Same(state);
    }

    private static TimeSpan StartLimit(RunFacts facts) => facts.Spec.Recovery.ProgressTimeout > StartTime ? facts.Spec.Recovery.ProgressTimeout : StartTime;

    private static RunChange ClockSet(RunState state, TimeSpan by) => by == TimeSpan.Zero
        ? Same(state)
        : Durably(state with
        {
            StartUntil = state.StartUntil + by,
            RetryAt = state.RetryAt + by,
            WaitingSince = state.WaitingSince + by,
            Suspicion = state.Suspicion is { } suspicion ? suspicion with { Until = suspicion.Until + by } : null,
        });

    // Agents could not be heard meanwhile, so waiting for them starts again. No wait becomes longer than it could have been at its start.
    private static RunChange Woken(RunFacts facts, RunState state, DateTimeOffset now) => Quietly(state with
    {
        StartUntil = state.Phase == RunPhase.Starting ? now + StartLimit(facts) : state.StartUntil,
        RetryAt = Earlier(state.RetryAt, now + LongestBackOff),
        WaitingSince = Earlier(state.WaitingSince, now),
        Suspicion = state.Suspicion is { } suspicion ? suspicion with { Until = now + SuspicionTime } : null,
    });

    private static DateTimeOffset? Earlier(DateTimeOffset? time, DateTimeOffset latest) => time > latest ? latest : time;

    private static RunChange Started(RunFacts facts, RunState state, RunEvent.RankStarted started, DateTimeOffset now)
    {
        if (state.Phase != RunPhase.Starting)
        {
            return Same(state);
        }

        var next = state with
        {
            Phase = RunPhase.Running,
            Reason = facts.Spec.Training.Steps == 0 ? "Evaluates the model." : $"Trains for {facts.Spec.Training.Steps} steps.",
            Step = Math.Max(state.Step, started.Step),
            StartedAt = state.StartedAt ?? now,
            PeakFlops = started.PeakFlops,
        };
        return Durably(next, new RunNote("started", $"Training goes on after step {started.Step}.", new { started.Step, started.Parameters, started.Threads }));
    }

    private static RunChange Saved(RunFacts facts, RunState state, RunEvent.CheckpointSaved saved, DateTimeOffset now)
    {
        var mark = new CheckpointMark(saved.Step, saved.Name);
        if (state.Checkpoints.Contains(mark))
        {
            return Same(state);
        }

        var next = state with
        {
            Checkpoints = [.. state.Checkpoints.Append(mark).TakeLast(facts.Spec.Training.KeepCheckpoints)],
            Step = Math.Max(state.Step, saved.Step),
            CheckpointAt = now,
            CheckpointBytes = saved.Bytes,
        };
        return Durably(next, new RunNote("checkpoint", $"The checkpoint of step {saved.Step} is whole.", new { saved.Step, saved.Name }));
    }

    private static RunChange Stopped(RunFacts facts, RunState state, Seat seat, int step, DateTimeOffset now)
    {
        if (state.Phase == RunPhase.Cancelling)
        {
            return Same(state);
        }

        var next = WithSeat(state, seat with { End = SeatEnd.Stopped });
        if (!next.Seats.All(s => s.End == SeatEnd.Stopped))
        {
            return Durably(next);
        }

        // Ranks agree on the step at which they stop, so all stop even if only one was asked to, by an agent that is shutting down.
        return state.Phase == RunPhase.Pausing
            ? Paused(next, $"Paused after step {Math.Max(step, next.LastCheckpoint?.Step ?? 0)}; resume to go on.")
            : EndEpoch(facts, next, FailureCauses.AgentDrained, $"{Drained(next)} All ranks have stopped after step {step}.", [], now);
    }

    private static RunChange Draining(RunState state, string agentId)
    {
        if (state.Phase is not (RunPhase.Starting or RunPhase.Running) || !state.Seats.Any(seat => seat.AgentId == agentId && seat is { End: SeatEnd.None, IsDraining: false }))
        {
            return Same(state);
        }

        var next = state with { Seats = [.. state.Seats.Select(seat => seat.AgentId == agentId && seat.End == SeatEnd.None ? seat with { IsDraining = true } : seat)] };
        var reason = $"{Drained(next)} Trainers save a checkpoint and stop; the run goes on elsewhere.";
        return Durably(next with { Reason = reason }, new RunNote("draining", reason));
    }

    private static string Drained(RunState state) => state.Seats.Where(seat => seat.IsDraining).Select(seat => seat.AgentId).Distinct().ToList() switch
    {
        [] => "An agent was asked to end.",
        [var one] => $"Agent {one} was asked to end.",
        var more => $"Agents {string.Join(", ", more)} were asked to end.",
    };

    private static RunChange Finished(RunFacts facts, RunState state, Seat seat, RunEvent.RankFinished finished, DateTimeOffset now)
    {
        if (state.Phase == RunPhase.Cancelling)
        {
            return Gone(state, [seat], now);
        }

        // The folder will be renamed: accept only a name that this epoch's trainers write.
        if (finished.ModelDirectory != OriginRun.ModelDirectory && finished.ModelDirectory != ModelDraft.NameOf(state.Epoch))
        {
            return EndEpoch(facts, state, FailureCauses.TrainerError, $"{Name(seat)} calls its model '{finished.ModelDirectory}', not {ModelDraft.NameOf(state.Epoch)}.", [seat], now);
        }

        // Rank 0 evaluates and exports, so the others may be done long before it.
        return seat.Rank != 0
            ? Durably(WithSeat(state, seat with { End = SeatEnd.Finished }))
            : Durably(
                Release(state) with
                {
                    Phase = RunPhase.Running,
                    Reason = "Trained and evaluated; writes the report.",
                    Step = Math.Max(state.Step, finished.Step),
                    ModelDirectory = finished.ModelDirectory,
                },
                new RunNote("finished", finished.Step == 0 ? "Every task is evaluated." : $"All {finished.Step} steps are made and every task is evaluated.", new { finished.Step, finished.ModelDirectory }));
    }

    private static RunChange Delayed(RunState state, string message) =>
        $"Trained and evaluated; {message}" is var reason && state.ReportIsDue && state.Reason != reason ? Durably(state with { Reason = reason }) : Same(state);

    private static RunChange Reported(RunFacts facts, RunState state, string? error, DateTimeOffset now)
    {
        if (!state.ReportIsDue)
        {
            return Same(state);
        }

        var reason = (facts.Spec.Training.Steps, error) switch
        {
            (0, null) => "Evaluated, reported.",
            (0, _) => $"Evaluated. The report could not be written: {error}",
            (var steps, null) => $"Trained for {steps} steps, evaluated, reported.",
            (var steps, _) => $"Trained for {steps} steps and evaluated. The report could not be written: {error}",
        };
        return End(state, RunPhase.Succeeded, reason, now);
    }

    private static RunChange Failed(RunFacts facts, RunState state, Seat seat, RunEvent.RankFailed failed, DateTimeOffset now)
    {
        if (state.Phase == RunPhase.Cancelling)
        {
            return Gone(state, [seat], now);
        }

        if (seat.End != SeatEnd.None)
        {
            return Same(state);
        }

        var message = $"{Name(seat)}: {failed.Message}";
        if (failed.Cause is not (FailureCauses.Exchange or FailureCauses.NoProgress))
        {
            return EndEpoch(facts, state, failed.Cause, message, [seat], now);
        }

        // This may be a consequence of another failure: wait for that one. Blame is followed from rank to rank; the first deadline stays.
        var next = WithSeat(state, seat with { End = SeatEnd.Failed });
        var peer = failed.Peer is { } p && p != seat.Rank ? next.Seats.FirstOrDefault(s => s.Rank == p) : null;
        if (state.Suspicion is { } earlier)
        {
            var isFollowed = earlier.Peer == seat.Rank || earlier.Peer is null;
            return (isFollowed, peer) switch
            {
                (true, { End: SeatEnd.None }) => Durably(next with { Suspicion = earlier with { Rank = seat.Rank, Cause = failed.Cause, Message = message, Peer = peer.Rank, PeerHeard = false } }),
                (true, _) => EndEpoch(facts, next, earlier.Cause, earlier.Message, Alone(next), now),
                _ => Durably(next),
            };
        }

        return Durably(next with { Suspicion = new Suspicion(seat.Rank, failed.Cause, message, peer?.Rank, now + SuspicionTime, PeerHeard: false) });
    }

    private static RunChange Heard(RunState state, string agentId) =>
        state.Suspicion is { PeerHeard: false, Peer: { } peer } suspicion && state.Seats.Any(seat => seat.Rank == peer && seat.AgentId == agentId)
            ? Quietly(state with { Suspicion = suspicion with { PeerHeard = true } })
            : Same(state);

    // No other cause was reported. If the blamed rank's agent is silent too, that agent is the cause.
    private static RunChange Confirm(RunFacts facts, RunState state, Suspicion suspicion, DateTimeOffset now)
    {
        var peer = suspicion.Peer is { } rank ? state.Seats.FirstOrDefault(seat => seat.Rank == rank) : null;
        return (peer, suspicion.PeerHeard) switch
        {
            (null, _) => EndEpoch(facts, state, suspicion.Cause, suspicion.Message, Alone(state), now),
            (_, true) => EndEpoch(facts, state, suspicion.Cause, $"{suspicion.Message} It blames {Name(peer, atStart: false)}.", [peer], now),
            _ => EndEpoch(facts, state, FailureCauses.AgentLost, $"{Name(peer)}: the agent does not answer. First noticed by rank {suspicion.Rank}: {suspicion.Message}", [], now),
        };
    }

    // Of ranks that wait for each other, any may be stuck; if all are on one agent, the failure counts against that agent.
    private static IReadOnlyList<Seat> Alone(RunState state) => state.Seats.Select(seat => seat.AgentId).Distinct().Count() == 1 ? state.Seats : [];

    private static RunChange LostAgent(RunFacts facts, RunState state, RunEvent.AgentLost lost, DateTimeOffset now)
    {
        var seats = state.Seats.Where(seat => seat.AgentId == lost.AgentId && seat.End != SeatEnd.Gone).ToList();
        if (seats.Count == 0)
        {
            return Same(state);
        }

        if (state.Phase == RunPhase.Cancelling)
        {
            return Gone(state, seats, now);
        }

        // A rank that has finished must not be started again on an agent that comes back.
        var needed = seats.Where(seat => seat.End != SeatEnd.Finished).ToList();
        if (needed.Count == 0)
        {
            return Durably(seats.Aggregate(state, (s, seat) => WithSeat(s, seat with { End = SeatEnd.Gone })));
        }

        var ranks = needed.Count == 1 ? $"Rank {needed[0].Rank}" : $"Ranks {string.Join(", ", needed.Select(seat => seat.Rank))}";
        return EndEpoch(facts, state, FailureCauses.AgentLost, $"{ranks} on agent {lost.AgentId}: {lost.Message}", [], now);
    }

    /// <summary>The epoch ends because the ranks <paramref name="failed"/> failed, if they are known: try again, or give up.</summary>
    private static RunChange EndEpoch(RunFacts facts, RunState state, string cause, string message, IReadOnlyList<Seat> failed, DateTimeOffset now)
    {
        var policy = FailurePolicy.Of(cause);
        if (policy.Budget == AttemptBudget.Ends)
        {
            var hint = policy.IsResumable ? "by itself; mend the cause, then retry the run to go on from its checkpoint" : ": another attempt would end the same way";
            return End(state, RunPhase.Failed, $"{message} ({cause}) Not tried again{(policy.IsResumable ? " " : "")}{hint}.", now, cause);
        }

        // A damaged checkpoint is dropped and the one before it is tried. There are finitely many, so this spends no attempt.
        var isDropped = cause == FailureCauses.CheckpointDamaged && state.Start is not null;
        var checkpoints = isDropped ? [.. state.Checkpoints.Where(mark => mark != state.Start)] : state.Checkpoints;
        var isProgress = state.Step > state.BestStep;
        var failures = isDropped && !isProgress ? state.Failures : Counted(state, policy, isProgress);
        var count = failures.GetValueOrDefault(cause) ?? new FailureCount(0, 0);
        var delay = isDropped ? TimeSpan.Zero : policy.BackOff.After(count.InARow);
        var fromStep = checkpoints.Count > 0 ? checkpoints[^1].Step : 0;
        var hasTrained = state.Step > (state.Start?.Step ?? 0);
        var suspects = policy.CountsAgainstAgent && !hasTrained && failed.Count > 0 ? failed.Select(seat => seat.AgentId).Distinct().ToList() : null;
        var next = Release(state) with
        {
            Step = fromStep,
            BestStep = Math.Max(state.BestStep, state.Step),
            Failures = failures,
            RetryAt = delay > TimeSpan.Zero ? now + delay : null,
            WaitingSince = now,
            Checkpoints = checkpoints,
            DamagedCheckpoints = isDropped ? [.. state.DamagedCheckpoints, state.Start!.Name] : state.DamagedCheckpoints,
            Recoveries = [.. state.Recoveries.Append(new Recovery(now, state.Epoch, cause, message, fromStep, suspects)).TakeLast(MaxRecoveriesKept)],
        };
        if (count.Attempts >= facts.Spec.Recovery.Attempts)
        {
            return End(next, RunPhase.Failed, $"{count.Attempts} attempts in a row made no progress. The last one: {message} ({cause})", now, cause);
        }

        var from = $"{(fromStep == 0 ? "the beginning" : $"the checkpoint of step {fromStep}")}{(policy.WaitsFor is { } condition ? $" when {condition}" : "")}";
        var note = new RunNote("recovery", $"{message} Goes on from {from}.", new { state.Epoch, Cause = cause, FromStep = fromStep, next.RetryAt });
        return state.Phase == RunPhase.Pausing
            ? Paused(next, $"Paused; the trainers were lost before they had saved, so it will go on from {from}. {message}", note)
            : Durably(next with { Phase = RunPhase.Recovering, Reason = $"{message} Goes on from {from}." }, note);
    }

    // Progress is a step that no earlier attempt made; it resets the failure counts.
    private static SortedDictionary<string, FailureCount> Counted(RunState state, FailurePolicy policy, bool isProgress)
    {
        var counts = new SortedDictionary<string, FailureCount>(StringComparer.Ordinal);
        foreach (var (cause, count) in isProgress ? Nothing : state.Failures)
        {
            counts[cause] = count;
        }

        var (inARow, attempts) = counts.GetValueOrDefault(policy.Cause) ?? new FailureCount(0, 0);
        counts[policy.Cause] = new FailureCount(inARow + 1, attempts + (isProgress || policy.Budget == AttemptBudget.None ? 0 : 1));
        return counts;
    }

    private static RunChange Pause(RunFacts facts, RunState state) => state.Phase switch
    {
        _ when state.ReportIsDue => Same(state),
        RunPhase.Queued or RunPhase.Recovering => Paused(state, "Paused before it had workers; resume to go on."),
        // The ranks cannot have connected: nothing was trained since the start checkpoint, so there is nothing to save.
        RunPhase.Starting when state.Seats.Any(seat => seat.Offer is null) => Paused(Release(state), "Paused while trainers started; resume to go on."),
        RunPhase.Starting or RunPhase.Running => Durably(
            state with { Phase = RunPhase.Pausing, Reason = "Trainers save a checkpoint and end." },
            new RunNote("pausing", "Trainers are asked to save a checkpoint and end.")),
        _ => Same(state),
    };

    private static RunChange Resume(RunState state, DateTimeOffset now) => state.Phase == RunPhase.Paused
        ? Durably(Afresh(state, now) with { Reason = "Resumed; waits to be scheduled." }, new RunNote("resumed", "The run was resumed."))
        : Same(state);

    private static RunChange Retry(RunState state, DateTimeOffset now) => state.FailureCause is null || FailurePolicy.Of(state.FailureCause).IsResumable
        ? Durably(
            Afresh(state, now) with { Reason = "Retried; waits to be scheduled.", EndedAt = null, FailureCause = null },
            new RunNote("retried", "The run, which had failed, was started again by a user.", new { state.Epoch, Cause = state.FailureCause }))
        : Same(state);

    // A user intervened: reset the failure counts, and try checkpoints that were marked damaged again.
    private static RunState Afresh(RunState state, DateTimeOffset now) =>
        state with { Phase = RunPhase.Queued, Failures = [], RetryAt = null, WaitingSince = now, DamagedCheckpoints = [] };

    private static RunChange Cancel(RunState state, DateTimeOffset now) => state.Phase switch
    {
        RunPhase.Cancelling => Same(state),
        _ when state.ReportIsDue => Same(state),
        _ when state.Seats.Count == 0 => End(state, RunPhase.Cancelled, "Cancelled by a user.", now),
        _ => Durably(
            state with { Phase = RunPhase.Cancelling, Reason = "Trainers are ended.", Suspicion = null },
            new RunNote("cancelling", "Trainers are asked to end without a checkpoint.")),
    };

    private static RunChange Gone(RunState state, IReadOnlyList<Seat> seats, DateTimeOffset now)
    {
        if (state.Phase != RunPhase.Cancelling)
        {
            return Same(state);
        }

        var next = seats.Aggregate(state, (s, seat) => WithSeat(s, seat with { End = SeatEnd.Gone }));
        return next.Seats.All(seat => seat.End == SeatEnd.Gone)
            ? End(next, RunPhase.Cancelled, $"Cancelled by a user after step {state.Step}.", now)
            : Durably(next);
    }

    private static RunChange Paused(RunState state, string reason, params RunNote[] notes) =>
        Durably(Release(state) with { Phase = RunPhase.Paused, Reason = reason }, [.. notes, new RunNote("paused", reason)]);

    private static RunChange End(RunState state, RunPhase phase, string reason, DateTimeOffset now, string? cause = null) => Durably(
        Release(state) with { Phase = phase, Reason = reason, EndedAt = now, FailureCause = cause, RetryAt = null },
        new RunNote(phase.ToString().ToLowerInvariant(), reason, cause is null ? null : new { state.Epoch, Cause = cause }));

    private static RunState Release(RunState state) => state with { Seats = [], Secret = null, Suspicion = null };

    private static RunState WithSeat(RunState state, Seat seat) =>
        state with { Seats = [.. state.Seats.Select(s => s.Rank == seat.Rank ? seat : s)] };

    private static RunChange IfCurrent(RunState state, long epoch, int rank, Func<Seat, RunChange> then) =>
        epoch == state.Epoch && state.Seats.FirstOrDefault(seat => seat.Rank == rank) is { } seat ? then(seat) : Same(state);

    private static IReadOnlyList<Member> Members(RunState state) => [.. state.Seats.Select(seat => new Member(seat.Rank, seat.AgentId, seat.Slot))];

    private static string Name(Seat seat, bool atStart = true) => $"{(atStart ? "Rank" : "rank")} {seat.Rank} on agent {seat.AgentId}";

    private static RunChange Same(RunState state) => new(state, IsDurable: false, []);

    private static RunChange Quietly(RunState state) => new(state, IsDurable: false, []);

    private static RunChange Durably(RunState state, params IReadOnlyList<RunNote> notes) => new(state, IsDurable: true, notes);
}
