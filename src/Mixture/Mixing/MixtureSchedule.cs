namespace Temper.Mixture.Mixing;

/// <summary>One draw from the mixture.</summary>
/// <param name="Task">Index of the task.</param>
/// <param name="Nth">How many draws this task has had before: its own position.</param>
public readonly record struct Draw(int Task, long Nth);

/// <summary>
/// Which task each position of the mixture is drawn from: a function of the rates and the position alone. After n draws a task has had
/// n·rate draws, give or take less than one, for every n: Tijdeman's solution of the chairman assignment problem
/// (R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32, 1980). Picking the task that is furthest behind does not
/// keep that bound.
/// </summary>
/// <remarks>
/// Rates are rounded to multiples of 2⁻³² and everything after is whole numbers, so that all machines agree. Going on costs a few
/// operations per task and draw; going back, or far ahead, starts from the nearest of the snapshots that are left every 2¹⁶ draws.
/// Instances are not safe for concurrent use.
/// </remarks>
public sealed class MixtureSchedule
{
    private const long Denominator = 1L << 32;
    private const int SnapshotEvery = 1 << 16;

    private readonly long[] _weights;
    private readonly long _fineness;
    private readonly List<long[]> _snapshots = [];
    private readonly long[] _counts;
    private long _position;

    /// <summary>A schedule for tasks with these rates.</summary>
    /// <param name="rates">Finite and ≥ 0, with a sum above zero; a task with rate 0 is never drawn.</param>
    public MixtureSchedule(IReadOnlyList<double> rates)
    {
        _weights = Weights(rates);
        _counts = new long[rates.Count];
        _snapshots.Add((long[])_counts.Clone());
        _fineness = Math.Max(0, (2L * _weights.Count(weight => weight > 0)) - 2);
    }

    /// <summary>The rates as they are used, after rounding; they add up to 1.</summary>
    public IReadOnlyList<double> Rates => [.. _weights.Select(weight => (double)weight / Denominator)];

    /// <summary>The draws at positions <paramref name="start"/>, <paramref name="start"/> + 1, … .</summary>
    /// <exception cref="ArgumentOutOfRangeException">The start is negative.</exception>
    public void Fill(long start, Span<Draw> draws)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        Seek(start);
        for (var i = 0; i < draws.Length; i++)
        {
            draws[i] = Next();
        }
    }

    /// <summary>The draw at one position.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    public Draw At(long position)
    {
        Span<Draw> draw = stackalloc Draw[1];
        Fill(position, draw);
        return draw[0];
    }

    private void Seek(long position)
    {
        if (position < _position)
        {
            Restore((int)(position / SnapshotEvery));
        }

        // Positions beyond the last snapshot are reached by drawing, which leaves snapshots behind.
        var nearest = (int)Math.Min(position / SnapshotEvery, _snapshots.Count - 1);
        if ((long)nearest * SnapshotEvery > _position)
        {
            Restore(nearest);
        }

        while (_position < position)
        {
            Next();
        }
    }

    private void Restore(int snapshot)
    {
        _snapshots[snapshot].CopyTo(_counts, 0);
        _position = (long)snapshot * SnapshotEvery;
    }

    private Draw Next()
    {
        var task = Choose(_position + 1);
        var draw = new Draw(task, _counts[task]++);
        _position++;
        if (_position == (long)_snapshots.Count * SnapshotEvery)
        {
            _snapshots.Add((long[])_counts.Clone());
        }

        return draw;
    }

    // Among the tasks that may be drawn n-th without getting too far ahead, the one that must be drawn soonest so as not to fall too
    // far behind. With k tasks "too far" is 1 − 1/(2k−2): task i may when n·wᵢ − xᵢ ≥ 1/(2k−2), and must before (xᵢ + 1 − 1/(2k−2)) / wᵢ.
    private int Choose(long n)
    {
        var best = -1;
        Int128 bestDeadline = 0;
        for (var task = 0; task < _weights.Length; task++)
        {
            var weight = _weights[task];
            if (weight == 0)
            {
                continue;
            }

            if (_fineness == 0)
            {
                return task;
            }

            if (_fineness * (((Int128)weight * n) - ((Int128)_counts[task] * Denominator)) < Denominator)
            {
                continue;
            }

            var deadline = ((Int128)_fineness * _counts[task]) + _fineness - 1;
            if (best < 0 || deadline * _weights[best] < bestDeadline * weight)
            {
                (best, bestDeadline) = (task, deadline);
            }
        }

        return best;
    }

    // Largest remainder, and at least one unit for every task that has a rate.
    private static long[] Weights(IReadOnlyList<double> rates)
    {
        var total = rates.Sum();
        if (rates.Any(rate => !double.IsFinite(rate) || rate < 0) || !(total > 0))
        {
            throw new ArgumentException("Rates must be finite and not negative, and one of them above zero.", nameof(rates));
        }

        var exact = rates.Select(rate => rate / total * Denominator).ToArray();
        var weights = exact.Select((value, task) => rates[task] > 0 ? Math.Max(1, (long)value) : 0).ToArray();
        var order = Enumerable.Range(0, rates.Count).Where(task => weights[task] > 1 || rates[task] > 0)
            .OrderByDescending(task => exact[task] - Math.Floor(exact[task])).ThenBy(task => task).ToArray();
        var missing = Denominator - weights.Sum();
        for (var i = 0; missing > 0; i++, missing--)
        {
            weights[order[i % order.Length]]++;
        }

        // Units given to tiny tasks are taken back from the largest.
        weights[Array.IndexOf(weights, weights.Max())] += missing;
        return weights;
    }
}
