namespace Temper.Coordinator.Runs;

/// <summary>Writes the report of a run that is trained and evaluated.</summary>
public interface IRunReporter
{
    /// <summary>
    /// Writes the report into the run's output folder. Called again after a crash, so writing it twice must leave one.
    /// </summary>
    Task WriteAsync(string runId, CancellationToken ct);
}

/// <summary>For hosts that want no report.</summary>
internal sealed class NoReport : IRunReporter
{
    public Task WriteAsync(string runId, CancellationToken ct) => Task.CompletedTask;
}
