using System.Text.Json;
using Orleans.Storage;
using Temper.Contracts.Agents;

namespace Temper.Coordinator.Store;

/// <summary>Grain state as JSON that a person can read with sqlite3, and that a newer program with more fields reads too.</summary>
internal sealed class StateSerializer : IGrainStorageSerializer
{
    private static readonly JsonSerializerOptions Options = new(ProtocolJson.Options) { IgnoreReadOnlyProperties = true };

    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input, Options));

    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input, Options)!;
}
