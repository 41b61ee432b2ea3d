namespace Temper.Worker.Agents;

/// <summary>What an agent needs to know about itself and its coordinator.</summary>
public sealed class AgentOptions
{
    /// <summary>Name of the environment variable that holds the agent token: an argument would be visible to everybody on the machine.</summary>
    public const string TokenVariable = "TEMPER_AGENT_TOKEN";

    /// <summary>Base addresses of the REST interfaces of the cluster's coordinators, one at least: any one that answers is asked.</summary>
    public required IReadOnlyList<Uri> Coordinators { get; init; }

    /// <summary>The token that agents show; the coordinator was given the same.</summary>
    public required string Token { get; init; }

    /// <summary>Name of this agent, unique in its pool. A restarted agent keeps it.</summary>
    public required string AgentId { get; init; }

    /// <summary>Trainers that it runs at once, one per device. Default: 1.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>Address under which the trainers of other hosts reach trainers here. Default: 127.0.0.1, this machine alone.</summary>
    public string AdvertisedAddress { get; init; } = "127.0.0.1";

    /// <summary>Bytes that one trainer may use. Default: its GPU's memory, or this machine's, shared by the slots.</summary>
    public long? MemoryPerSlot { get; init; }

    /// <summary>The command that starts a trainer: a program and its arguments.</summary>
    public required IReadOnlyList<string> TrainerCommand { get; init; }

    /// <summary>How long trainers go on while the coordinator does not answer. Default: 10 minutes.</summary>
    public TimeSpan DisconnectedTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a trainer may say nothing before it counts as stopped. It says something each second. Default: 20 seconds.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long trainers may take to save and stop when the agent is asked to end. Default: 2 minutes.</summary>
    public TimeSpan DrainGrace { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Pause between heartbeats. Default: 1 second.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(1);
}
