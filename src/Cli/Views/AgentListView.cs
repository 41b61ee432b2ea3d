using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Scheduling;

namespace Temper.Cli.Views;

/// <summary>Agents in the order of their names; below them why some get no work.</summary>
internal static class AgentListView
{
    public static IRenderable Render(IReadOnlyList<AgentStatus> agents, DateTimeOffset now)
    {
        if (agents.Count == 0)
        {
            return new Text("No agent was heard. `temper agent --server URL` starts one.", Cells.Soft);
        }

        var table = Cells.Table(("Agent", false), ("State", false), ("Heard", true), ("Slots taken", true), ("Memory per slot", true), ("Runs", false));
        foreach (var agent in agents)
        {
            table.AddRow(
                Cells.Name(agent.Id),
                new Text(Words(agent.State), Tone(agent.State)),
                Cells.Number($"{Figures.Duration(Math.Max(0, Math.Floor((now - agent.HeardAt).TotalSeconds)))} ago"),
                Cells.Number($"{agent.Trainers.Count} / {agent.SlotCount}"),
                Cells.Number(agent.MemoryPerSlot > 0 ? string.Create(CultureInfo.InvariantCulture, $"{agent.MemoryPerSlot / (double)(1L << 30):0.0} GiB") : "unknown"),
                Cells.Data(string.Join(", ", agent.Trainers.Select(trainer => trainer.RunId).Distinct())));
        }

        var reasons = agents.Where(agent => agent.BackOff is not null).ToList();
        return reasons.Count == 0
            ? table
            : new Rows(table, Cells.Facts(reasons.Select(agent => (agent.Id, (IRenderable)Cells.Prose(agent.BackOff!.Reason)))), Text.Empty);
    }

    private static string Words(AgentState state) => state == AgentState.BackingOff ? "Backs off" : state.ToString();

    private static Style Tone(AgentState state) => state switch
    {
        AgentState.Ready => Cells.Good,
        AgentState.Lost => Cells.Bad,
        _ => Cells.Mid,
    };
}
