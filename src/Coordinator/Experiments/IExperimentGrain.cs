using Temper.Contracts.Experiments;
using Temper.Coordinator.Runs;

namespace Temper.Coordinator.Experiments;

/// <summary>One experiment; the key is its id. It commands its runs and is called by none of them, so that no two can wait for each other.</summary>
[Alias("temper.IExperimentGrain")]
internal interface IExperimentGrain : IGrainWithStringKey
{
    /// <summary>What is known of the experiment; null if there is none of this id.</summary>
    [Alias("GetStatus")]
    Task<ExperimentStatus?> GetStatus();

    /// <summary>Looks at its runs and makes good what a crash left half done; true if the report is to be written.</summary>
    [Alias("Reconcile")]
    Task<bool> Reconcile();

    /// <summary>The report was written; or it cannot be, and <paramref name="error"/> says why.</summary>
    [Alias("Reported")]
    Task Reported(string? error);

    /// <summary>What a user asks for.</summary>
    [Alias("Command")]
    Task<ExperimentAnswer> Command(RunCommand command);

    /// <summary>A run of it is tried again: it is no longer at its end. Says why that may not be; null if it may.</summary>
    [Alias("Reopen")]
    Task<string?> Reopen();
}

/// <summary>What became of a command.</summary>
/// <param name="Status">The experiment afterwards; null if there is none.</param>
/// <param name="Refusal">Why nothing was done; null if it was, or had been before.</param>
[GenerateSerializer, Immutable, Alias("temper.experiment-answer")]
internal sealed record ExperimentAnswer([property: Id(0)] ExperimentStatus? Status, [property: Id(1)] string? Refusal);

/// <summary>Writes the report of an experiment.</summary>
internal interface IExperimentReporter
{
    /// <summary>Writes the report into the experiment's output folder. Called again after a crash, so writing it twice must leave one.</summary>
    Task WriteAsync(string experimentId, CancellationToken ct);
}
