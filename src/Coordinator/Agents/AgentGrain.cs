using Temper.Contracts.Agents;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Agents;

/// <summary>
/// The coordinator's end of an agent: passes what it says to the pool and to its runs, answers with what it should run. Keeps nothing.
/// </summary>
internal sealed class AgentGrain(Reconciler reconciler) : Grain, IAgentGrain
{
    public async Task<AgentOrders> Heartbeat(AgentHeartbeat heartbeat)
    {
        var id = this.GetPrimaryKeyString();
        HeartbeatCheck.ThrowIfWrong(id, heartbeat);
        var pool = GrainFactory.GetGrain<IPoolGrain>(IPoolGrain.Key);
        var assigned = await pool.Heard(new AgentPresence(id, heartbeat.Session, heartbeat.Host, heartbeat.SlotCount, heartbeat.MemoryPerSlot, heartbeat.HasBf16));

        // Runs that the agent lists are asked too, whatever the pool believes: after a restart only they know.
        var reports = heartbeat.Trainers.ToLookup(trainer => trainer.RunId);
        var runs = assigned.Union(reports.Select(report => report.Key)).ToList();
        var changes = await Task.WhenAll(runs.Select(run => GrainFactory.GetGrain<IRunGrain>(run).Report(new AgentReport(id, heartbeat.Session, [.. reports[run]]))));
        if (changes.Any(change => change != ReportAnswer.Nothing))
        {
            runs = [.. runs.Union(await pool.Schedule(id))];
        }

        if (changes.Contains(ReportAnswer.ReportIsDue))
        {
            reconciler.Wake();
        }

        var orders = await Task.WhenAll(runs.Select(run => GrainFactory.GetGrain<IRunGrain>(run).OrdersFor(id)));
        return new AgentOrders([.. orders.SelectMany(order => order)]);
    }
}
