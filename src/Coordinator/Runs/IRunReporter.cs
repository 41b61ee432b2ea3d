namespace Temper.Coordinator.Runs;

/// <summary>Writes the report of a run that is trained and evaluated.</summary>
public interface IRunReporter
{
    /// <summary>
    /// Writes the report into the run's output folder. Called again after a crash, so writing it twice must leave one.
    /// </summary>
    Task WriteAsync(string runId, CancellationToken ct);
}
