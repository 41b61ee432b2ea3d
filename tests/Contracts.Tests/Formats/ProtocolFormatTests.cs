using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.TestKit;

namespace Temper.Contracts.Tests.Formats;

/// <summary>What agents and trainers of two versions say to each other, and the small files that lie beside a model.</summary>
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

    [Fact]
    public void The_vocabulary_beside_a_model() => Is<VocabularySpec>("vocabulary-file");

    [Fact]
    public void How_a_model_was_computed_with() => Is<ComputedWith>("computed-with-file");

    [Fact]
    public void An_ensemble() => Is<EnsembleFile>("ensemble-file");

    private static void Is<T>(string name) => FormatFile.IsOf<T>(name, ProtocolJson.Write, ProtocolJson.Read<T>, ProtocolJson.Options);
}
