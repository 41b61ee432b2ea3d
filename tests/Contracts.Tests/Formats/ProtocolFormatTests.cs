using Temper.Contracts.Agents;
using Temper.TestKit;

namespace Temper.Contracts.Tests.Formats;

/// <summary>What agents and trainers of two versions say to each other.</summary>
public class ProtocolFormatTests
{
    [Fact]
    public void What_a_trainer_is_told() => Is<TrainerAssignment>("trainer-assignment");

    [Fact]
    public void What_a_trainer_is_told_while_it_runs() => Is<TrainerCommand>("trainer-command");

    [Fact]
    public void What_a_trainer_says() => Is<List<TrainerEvent>>("trainer-events");

    [Fact]
    public void Where_agents_find_the_cluster() => Is<GatewayList>("gateways");

    private static void Is<T>(string name) => FormatFile.IsOf<T>(name, ProtocolJson.Write, ProtocolJson.Read<T>, ProtocolJson.Options);
}
