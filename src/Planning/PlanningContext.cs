using Temper.Contracts.Models;
using Temper.Contracts.Specs;

namespace Temper.Planning;

/// <summary>What specs are checked and worked out against.</summary>
/// <param name="DataRoots">Folders that relative sources and models lie under.</param>
/// <param name="LargestSlotMemory">Bytes that a trainer may use on the largest agent; null if no agent is known.</param>
/// <param name="FindRun">The run of an id, for specs that start from its model; null where there are no runs.</param>
/// <param name="Speed">How fast a trainer of a spec is, as far as that is known.</param>
public sealed record PlanningContext(
    IReadOnlyList<string> DataRoots,
    long? LargestSlotMemory = null,
    Func<string, OriginRun?>? FindRun = null,
    Func<RunSpec, TrainerSpeed?>? Speed = null);

/// <summary>How many floating-point operations a trainer makes in a second, and how that is known.</summary>
/// <param name="FlopsPerSecond">Of one trainer, training.</param>
/// <param name="Basis">A few words, such as <c>measured on 3 runs</c>.</param>
public sealed record TrainerSpeed(double FlopsPerSecond, string Basis);

/// <summary>A model's shape and where its weights come from.</summary>
/// <param name="Config">The shape; of an ensemble that of its first member.</param>
/// <param name="Members">The shapes of all members; of a single model just its own.</param>
/// <param name="Origins">Where weights come from, in the order of <see cref="ModelSpec.References"/>; empty for random ones.</param>
public sealed record ResolvedModel(T5Config Config, IReadOnlyList<T5Config> Members, IReadOnlyList<ModelOrigin> Origins);
