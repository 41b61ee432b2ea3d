using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Runs;

/// <summary>What a heartbeat says of one run, sorted by where it goes.</summary>
/// <param name="Events">For the rule, in order.</param>
/// <param name="Steps">For the metrics.</param>
/// <param name="Evaluations">For the metrics.</param>
/// <param name="Log">For those who watch.</param>
/// <param name="Checkpoints">For those who count.</param>
internal sealed record SortedReport(
    IReadOnlyList<RunEvent> Events,
    IReadOnlyList<StepRow> Steps,
    IReadOnlyList<EvaluationRow> Evaluations,
    IReadOnlyList<RunEventRow> Log,
    IReadOnlyList<TrainerEvent.Saved> Checkpoints);

/// <summary>Reads an agent's report against the state of its run: fences it, skips what was acknowledged, sorts the rest.</summary>
internal static class TrainerReports
{
    private const int LongestText = 4000;

    public static SortedReport Sort(RunState state, AgentReport report, DateTimeOffset now)
    {
        var events = new List<RunEvent>();
        var steps = new List<StepRow>();
        var evaluations = new List<EvaluationRow>();
        var log = new List<RunEventRow>();
        var checkpoints = new List<TrainerEvent.Saved>();
        foreach (var seat in state.Seats.Where(seat => seat.AgentId == report.AgentId))
        {
            if (seat.Session != report.Session)
            {
                events.Add(new RunEvent.AgentLost(report.AgentId, "the agent was started anew, and its trainers ended with the old one."));
                break;
            }

            if (report.Trainers.FirstOrDefault(trainer => trainer.Epoch == state.Epoch && trainer.Rank == seat.Rank) is { } trainer)
            {
                Sort(state, seat, trainer, now, events, steps, evaluations, log, checkpoints);
            }
            else if (state.Phase == RunPhase.Cancelling)
            {
                events.Add(new RunEvent.RankGone(state.Epoch, seat.Rank));
            }
            else if (seat.Listed)
            {
                events.Add(new RunEvent.RankFailed(state.Epoch, seat.Rank, FailureCauses.AgentLost, "the agent no longer has the trainer.", null));
            }
        }

        if (report.Draining)
        {
            events.Add(new RunEvent.AgentDraining(report.AgentId));
        }

        events.Add(new RunEvent.AgentHeard(report.AgentId));
        events.Add(new RunEvent.Tick());
        return new SortedReport(events, steps, evaluations, log, checkpoints);
    }

    private static void Sort(
        RunState state,
        Seat seat,
        TrainerReport trainer,
        DateTimeOffset now,
        List<RunEvent> events,
        List<StepRow> steps,
        List<EvaluationRow> evaluations,
        List<RunEventRow> log,
        List<TrainerEvent.Saved> checkpoints)
    {
        var (epoch, rank) = (state.Epoch, seat.Rank);
        var saidHowItEnded = seat.End != SeatEnd.None;
        // Events before FirstSequence were acknowledged, maybe by a coordinator that has forgotten: they are stored.
        for (var i = Math.Max(0, seat.Acknowledged - trainer.FirstSequence); i < trainer.Events.Count; i++)
        {
            switch (TrainerEvent.Read(trainer.Events[(int)i]))
            {
                case TrainerEvent.Ready x:
                    events.Add(new RunEvent.RankReady(epoch, rank, x.Offer));
                    break;
                case TrainerEvent.Started x:
                    events.Add(new RunEvent.RankStarted(epoch, rank, x.Step, x.Parameters, x.Threads, x.PeakFlops));
                    break;
                case TrainerEvent.StepDone x:
                    steps.Add(x.Row);
                    events.Add(new RunEvent.StepMade(epoch, x.Row.Step));
                    break;
                case TrainerEvent.Saved x:
                    checkpoints.Add(x);
                    events.Add(new RunEvent.CheckpointSaved(epoch, x.Step, x.Name, x.Bytes));
                    break;
                case TrainerEvent.Evaluated x:
                    evaluations.Add(x.Row);
                    break;
                case TrainerEvent.Stopped x:
                    saidHowItEnded = true;
                    events.Add(new RunEvent.RankStopped(epoch, rank, x.Step));
                    break;
                case TrainerEvent.Finished x:
                    saidHowItEnded = true;
                    events.Add(new RunEvent.RankFinished(epoch, rank, x.Step, x.ModelDirectory));
                    break;
                case TrainerEvent.Failed x:
                    saidHowItEnded = true;
                    // Causes become labels of metrics: one that this program does not know must not make a new label.
                    events.Add(new RunEvent.RankFailed(epoch, rank, FailureCauses.All.Contains(x.Cause) ? x.Cause : FailureCauses.TrainerError, Short(x.Message), x.Peer));
                    break;
                case TrainerEvent.Log x:
                    log.Add(new RunEventRow($"t{epoch}.{rank}.{trainer.FirstSequence + i}", now, "log", $"Rank {rank}: {Short(x.Message)}"));
                    break;
                case TrainerEvent.Alive:
                    break;
                case null:
                    log.Add(new RunEventRow($"t{epoch}.{rank}.{trainer.FirstSequence + i}", now, "log", $"Rank {rank} said something that is no event of the protocol."));
                    break;
                default:
                    break;
            }
        }

        if (trainer.State == TrainerProcessState.Ended && state.Phase == RunPhase.Cancelling)
        {
            events.Add(new RunEvent.RankGone(epoch, rank));
        }
        else if (trainer.State == TrainerProcessState.Ended && trainer.Events.Count == 0 && !saidHowItEnded)
        {
            events.Add(new RunEvent.RankFailed(epoch, rank, FailureCauses.TrainerDied, "the process ended without saying why.", null));
        }

        events.Add(new RunEvent.RankListed(epoch, rank, trainer.FirstSequence + trainer.Events.Count));
    }

    private static string Short(string text) => text.Length > LongestText ? text[..LongestText] + "…" : text;
}
