using Temper.Contracts.Runs;

namespace Temper.Contracts.Specs;

/// <summary>Where the weights of a model come from.</summary>
/// <param name="RunId">The run that makes them; null for a folder that is there already.</param>
/// <param name="Folder">The model folder.</param>
public sealed record ModelOrigin(string? RunId, string Folder);

/// <summary>A run that another one starts from.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Spec">Its spec.</param>
/// <param name="DataRoots">Folders that its sources lie under.</param>
/// <param name="OutputDirectory">Its output folder, which the model goes to.</param>
/// <param name="Phase">Where it is in its life.</param>
public sealed record OriginRun(string Id, RunSpec Spec, IReadOnlyList<string> DataRoots, string OutputDirectory, RunPhase Phase)
{
    /// <summary>Name of the folder, below a run's output folder, that its model is exported to.</summary>
    public const string ModelDirectory = "model";
}
