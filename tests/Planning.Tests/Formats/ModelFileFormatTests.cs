using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Planning.Models;
using Temper.TestKit;

namespace Temper.Planning.Tests.Formats;

/// <summary>The small files that lie beside a model.</summary>
public class ModelFileFormatTests
{
    [Fact]
    public void The_vocabulary() => Is<VocabularySpec>("vocabulary-file");

    [Fact]
    public void How_it_was_computed_with() => Is<ComputedWith>("computed-with-file");

    [Fact]
    public void An_ensemble() => Is<EnsembleFile>("ensemble-file");

    private static void Is<T>(string name) => FormatFile.IsOf<T>(name, ProtocolJson.Write, ProtocolJson.Read<T>, ProtocolJson.Options);
}
