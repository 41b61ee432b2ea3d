using Temper.Contracts.Runs;
using Temper.Contracts.Specs;

namespace Temper.Coordinator.Store;

/// <summary>What a submission fixes for good.</summary>
/// <param name="Id">The run's id.</param>
/// <param name="Name">Its name in the spec.</param>
/// <param name="Spec">The spec as canonical JSON.</param>
/// <param name="DataRoots">Folders that its sources lie under.</param>
/// <param name="OutputDirectory">Its output folder.</param>
/// <param name="Plan">What it was worked out to be when it was accepted.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="Origins">Where its weights come from; empty for random ones.</param>
/// <param name="Experiment">The experiment that it belongs to, and its name there.</param>
internal sealed record RunRow(
    string Id,
    string Name,
    string Spec,
    IReadOnlyList<string> DataRoots,
    string OutputDirectory,
    RunPlan Plan,
    DateTimeOffset CreatedAt,
    IReadOnlyList<ModelOrigin> Origins,
    ExperimentMember? Experiment);

/// <summary>A run's place in its experiment.</summary>
internal sealed record ExperimentMember(string ExperimentId, string Key);

/// <summary>A run that has not ended, as the index knows it.</summary>
/// <param name="Order">Place in the order of submission.</param>
/// <param name="MemoryBytes">What one of its trainers is estimated to need.</param>
/// <param name="Status">Its state.</param>
/// <param name="Parents">The runs that it starts from.</param>
internal sealed record OpenRun(long Order, long MemoryBytes, RunStatus Status, IReadOnlyList<RunStatus> Parents);

/// <summary>Something that happened to a run, for people and programs that watch it.</summary>
/// <param name="Key">Tells it from every other event of its run, so that writing it twice leaves one.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What kind: a small closed set.</param>
/// <param name="Message">A sentence.</param>
/// <param name="Data">More of it, as JSON.</param>
internal sealed record RunEventRow(string Key, DateTimeOffset At, string Kind, string Message, string? Data = null);

/// <summary>A stored event.</summary>
internal sealed record StoredEvent(long Id, DateTimeOffset At, string Kind, string Message, System.Text.Json.JsonElement? Data);

/// <summary>What became of a submission.</summary>
internal abstract record InsertResult
{
    private InsertResult()
    {
    }

    public sealed record Inserted(string RunId) : InsertResult;

    /// <summary>The idempotency key was used before, with the same request.</summary>
    public sealed record Repeated(string RunId) : InsertResult;

    /// <summary>The idempotency key was used before, with another request.</summary>
    public sealed record KeyTaken(string RunId) : InsertResult;

    /// <summary>A run or an experiment that has not ended writes to the folder, or to one in it or around it.</summary>
    /// <param name="RunId">Who.</param>
    /// <param name="Folder">Its folder.</param>
    /// <param name="Asked">The folder that was asked for; null if it is the same.</param>
    public sealed record OutputTaken(string RunId, string Folder, string? Asked = null) : InsertResult;
}
