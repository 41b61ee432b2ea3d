namespace Temper.Coordinator.Hosting;

/// <summary>
/// The clock of this project's own rules. A type of its own, because Orleans takes a bare <see cref="TimeProvider"/> from the
/// container for its loops: a test that moved that one would run them inline and never return.
/// </summary>
internal sealed record Clock(TimeProvider Time)
{
    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>Time since a moment that never changes while the program runs: for durations, which a clock that is set must not stretch or cut.</summary>
    public TimeSpan Elapsed => Time.GetElapsedTime(0);
}
