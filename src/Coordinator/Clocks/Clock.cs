namespace Temper.Coordinator.Clocks;

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

/// <summary>Notices that the clock was set, which the passing of time is not: points in time that were written down before can then be moved along.</summary>
internal sealed class ClockWatch(Clock clock)
{
    // A clock that is kept right by small steps stays below it.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);
    private TimeSpan _origin = Origin(clock);

    /// <summary>By how much the clock was set since this was last asked; zero if it was not.</summary>
    public TimeSpan Jump()
    {
        var earlier = _origin;
        _origin = Origin(clock);
        var jump = _origin - earlier;
        return jump.Duration() > Tolerance ? jump : TimeSpan.Zero;
    }

    // What the clock showed when the elapsed time began.
    private static TimeSpan Origin(Clock clock) => clock.Now - DateTimeOffset.UnixEpoch - clock.Elapsed;
}
