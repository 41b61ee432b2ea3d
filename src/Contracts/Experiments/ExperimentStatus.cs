namespace Temper.Contracts.Experiments;

/// <summary>Where an experiment is in its life. Succeeded, Failed and Cancelled are never left.</summary>
public enum ExperimentPhase
{
    /// <summary>Some of its runs have not ended.</summary>
    Running,

    /// <summary>All runs that have not ended are paused.</summary>
    Paused,

    /// <summary>Its runs are being cancelled.</summary>
    Cancelling,

    /// <summary>All runs have ended; the report is being written.</summary>
    Reporting,

    /// <summary>All runs succeeded and the report is written.</summary>
    Succeeded,

    /// <summary>Some run did not succeed; the report shows what there is.</summary>
    Failed,

    /// <summary>Cancelled by a user; the report shows what there is.</summary>
    Cancelled,
}

/// <summary>Questions about <see cref="ExperimentPhase"/>.</summary>
public static class ExperimentPhases
{
    /// <summary>Whether the phase is never left.</summary>
    public static bool IsTerminal(this ExperimentPhase phase) => phase is ExperimentPhase.Succeeded or ExperimentPhase.Failed or ExperimentPhase.Cancelled;
}

/// <summary>What is known of an experiment. Times are UTC.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name in the spec.</param>
/// <param name="Kind">What kind of question it is.</param>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="Reason">Why; a sentence.</param>
/// <param name="Runs">Number of its runs.</param>
/// <param name="Succeeded">Of those, how many have succeeded.</param>
/// <param name="Unsuccessful">How many have failed or were cancelled.</param>
/// <param name="Flops">Training FLOPs of the steps made so far, as planned.</param>
/// <param name="PlannedFlops">Training FLOPs of all its runs.</param>
/// <param name="OutputDirectory">Folder of its report and of its runs' folders.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="EndedAt">When it reached a terminal phase.</param>
[GenerateSerializer, Immutable, Alias("temper.experiment-status")]
public sealed record ExperimentStatus(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] ExperimentKind Kind,
    [property: Id(3)] ExperimentPhase Phase,
    [property: Id(4)] string Reason,
    [property: Id(5)] int Runs,
    [property: Id(6)] int Succeeded,
    [property: Id(7)] int Unsuccessful,
    [property: Id(8)] double Flops,
    [property: Id(9)] double PlannedFlops,
    [property: Id(10)] string OutputDirectory,
    [property: Id(11)] DateTimeOffset CreatedAt,
    [property: Id(12)] DateTimeOffset? EndedAt);
