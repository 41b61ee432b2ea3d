using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Temper.Contracts.Agents;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Agents;

/// <summary>
/// The coordinator's end of an agent: passes what it says to the pool and to its runs, answers with what it should run. Keeps nothing that matters, and
/// every coordinator has one of its own: an agent is heard by whichever it reaches, though the others be dead.
/// </summary>
[StatelessWorker(1)]
internal sealed class AgentGrain(ReconcileRequests reconciler, Clock clock, ILogger<AgentGrain> log) : Grain, IAgentGrain
{
    // A run whose coordinator has just died does not answer, and must not hold up the heartbeat until the agent gives up.
    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(2);
    private readonly HashSet<string> _failing = [];

    public async Task<AgentOrders> Heartbeat(AgentHeartbeat heartbeat)
    {
        var id = this.GetPrimaryKeyString();
        HeartbeatCheck.ThrowIfWrong(id, heartbeat);
        var pool = GrainFactory.GetGrain<IPoolGrain>(IPoolGrain.Key);
        var assigned = await pool.Heard(new AgentPresence(id, heartbeat.Session, heartbeat.Host, heartbeat.SlotCount, heartbeat.MemoryPerSlot, heartbeat.HasBf16, heartbeat.Draining));

        // Runs that the agent lists are asked too, whatever the pool believes: after a restart only they know.
        var reports = heartbeat.Trainers.ToLookup(trainer => trainer.RunId);
        var runs = assigned.Union(reports.Select(report => report.Key)).ToList();
        var changes = await Task.WhenAll(runs.Select(run => Try(run, grain => grain.Report(new AgentReport(id, heartbeat.Session, [.. reports[run]], heartbeat.Number, heartbeat.Draining)), ReportAnswer.Nothing)));
        if (changes.Any(change => change != ReportAnswer.Nothing))
        {
            runs = [.. runs.Union(await pool.Schedule(id))];
        }

        if (changes.Contains(ReportAnswer.ReportIsDue))
        {
            reconciler.Wake();
        }

        var orders = await Task.WhenAll(runs.Select(run => _failing.Contains(run)
            ? Task.FromResult(Unchanged(reports[run]))
            : Try(run, grain => grain.OrdersFor(id), Unchanged(reports[run]))));
        return new AgentOrders([.. orders.SelectMany(order => order)]);
    }

    // A run that cannot be read or stored must neither stop the heartbeats of the healthy ones on this agent nor lose its own trainers.
    private async Task<T> Try<T>(string runId, Func<IRunGrain, Task<T>> call, T otherwise)
    {
        try
        {
            var answer = await call(GrainFactory.GetGrain<IRunGrain>(runId)).WaitAsync(RunTimeout, clock.Time);
            _failing.Remove(runId);
            return answer;
        }
        catch (Exception e)
        {
            // Once, not once a second.
            if (_failing.Add(runId))
            {
                log.LogError(e, "Run {Run} fails; its trainers on agent {Agent} are left as they are", runId, this.GetPrimaryKeyString());
            }

            return otherwise;
        }
    }

    /// <summary>
    /// Orders that change nothing: no event is acknowledged, nothing is passed on. An agent reads slot and assignment of an order only when it
    /// starts the trainer, and these it has; what it has not started yet is left out.
    /// </summary>
    private static IReadOnlyList<TrainerOrder> Unchanged(IEnumerable<TrainerReport> trainers) =>
    [
        .. trainers.Where(trainer => trainer.State != TrainerProcessState.Pending)
            .Select(trainer => new TrainerOrder(trainer.RunId, trainer.Epoch, trainer.Rank, 0, "", null, false, trainer.FirstSequence)),
    ];
}
