using Orleans.Storage;

namespace Temper.Coordinator.Store;

/// <summary>
/// Orleans' ADO.NET storage, its calls taken in turn on the writer thread of the file: they would block a thread of the
/// scheduler for as long as the disk takes, and two writers would meet at the file's lock.
/// </summary>
internal sealed class SqliteGrainStorage(IGrainStorage inner, SqliteFile file) : IGrainStorage
{
    /// <summary>Name of the provider underneath.</summary>
    public const string InnerName = "runs-ado";

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        InTurn(() => inner.ReadStateAsync(stateName, grainId, grainState));

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        InTurn(() => inner.WriteStateAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        InTurn(() => inner.ClearStateAsync(stateName, grainId, grainState));

    // Waiting here blocks the file's own thread, which exists for that, and no other.
    private Task<bool> InTurn(Func<Task> call) => file.OnWriterThread(() =>
    {
        call().GetAwaiter().GetResult();
        return true;
    });
}
