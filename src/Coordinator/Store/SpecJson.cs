using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Planning.Reading;

namespace Temper.Coordinator.Store;

/// <summary>The canonical form of a spec: JSON that <see cref="SpecReader"/> reads again, without what only follows from the rest.</summary>
internal static class SpecJson
{
    private static readonly JsonSerializerOptions Options = new(ProtocolJson.Options) { IgnoreReadOnlyProperties = true };

    public static string Write(RunSpec spec) => JsonSerializer.Serialize(spec, Options);

    public static RunSpec Read(string json) => JsonSerializer.Deserialize<RunSpec>(json, Options)!;
}
