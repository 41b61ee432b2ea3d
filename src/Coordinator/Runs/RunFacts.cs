using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Runs;

/// <summary>What a submission fixed: the part of a run that never changes.</summary>
internal sealed record RunFacts(string Id, RunSpec Spec, IReadOnlyList<string> DataRoots, string OutputDirectory, DateTimeOffset CreatedAt)
{
    public static RunFacts From(RunRow row) => new(row.Id, SpecJson.Read(row.Spec), row.DataRoots, row.OutputDirectory, row.CreatedAt);
}

/// <summary>The canonical form of a spec: JSON that <see cref="SpecReader"/> reads again, without what only follows from the rest.</summary>
internal static class SpecJson
{
    private static readonly JsonSerializerOptions Options = new(ProtocolJson.Options) { IgnoreReadOnlyProperties = true };

    public static string Write(RunSpec spec) => JsonSerializer.Serialize(spec, Options);

    public static RunSpec Read(string json) => JsonSerializer.Deserialize<RunSpec>(json, Options)!;
}
