using Temper.Contracts.Agents;

namespace Temper.Coordinator.Agents;

/// <summary>Refuses a heartbeat that no agent of ours sends, before it takes memory or a place in a table.</summary>
internal static class HeartbeatCheck
{
    private const int LongestId = 200;
    private const int MaxSlots = 1024;

    public static void ThrowIfWrong(string agentId, AgentHeartbeat heartbeat)
    {
        if (agentId.Length is 0 or > LongestId || heartbeat.Session.Length is 0 or > LongestId || heartbeat.Host.Length > LongestId)
        {
            throw new ArgumentException($"An agent's id and session have 1 to {LongestId} characters, its host at most {LongestId}.", nameof(heartbeat));
        }

        if (heartbeat.SlotCount is < 0 or > MaxSlots || heartbeat.Trainers.Count > 2 * MaxSlots)
        {
            throw new ArgumentException($"An agent has at most {MaxSlots} slots; {agentId} names {heartbeat.SlotCount}, with {heartbeat.Trainers.Count} trainers.", nameof(heartbeat));
        }

        if (heartbeat.Trainers.Any(trainer => trainer.RunId.Length is 0 or > LongestId || trainer.FirstSequence < 0))
        {
            throw new ArgumentException($"A trainer of agent {agentId} names no run, or a negative sequence number.", nameof(heartbeat));
        }
    }
}
