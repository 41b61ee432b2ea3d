using System.Diagnostics;

namespace Temper.Worker.Collectives;

/// <summary>A moment on the monotonic clock: changes of the wall clock neither end an exchange nor prolong it.</summary>
internal readonly struct Deadline
{
    private readonly long _end;

    private Deadline(long end) => _end = end;

    public bool Passed => Stopwatch.GetTimestamp() >= _end;

    public static Deadline After(TimeSpan span) =>
        new(Stopwatch.GetTimestamp() + (long)(span.TotalSeconds * Stopwatch.Frequency));

    /// <summary>What is left, as the microseconds that <c>poll</c> takes; never more than <paramref name="most"/>.</summary>
    public int Microseconds(TimeSpan most)
    {
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), _end);
        return (int)Math.Clamp(left.TotalMicroseconds, 0, most.TotalMicroseconds);
    }
}
