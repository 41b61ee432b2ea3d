using Temper.Mixture.Mixing;

namespace Temper.Mixture.Batching;

/// <summary>A row of a global batch: where it comes from and how long it is.</summary>
/// <param name="Position">Its position in the mixture.</param>
/// <param name="Task">Index of its task.</param>
/// <param name="Index">Index of the example within the task.</param>
/// <param name="Epoch">How many times the task's rows have been gone through before.</param>
/// <param name="InputTokens">Its input tokens.</param>
/// <param name="TargetTokens">Its target tokens.</param>
public readonly record struct PlannedRow(long Position, int Task, int Index, long Epoch, int InputTokens, int TargetTokens);

/// <summary>A global batch, cut into micro-batches for every rank.</summary>
/// <param name="Step">The step that it is for, from 1.</param>
/// <param name="Ranks">Rank → micro-batch → rows.</param>
public sealed record BatchPlan(int Step, IReadOnlyList<IReadOnlyList<PlannedRow[]>> Ranks)
{
    /// <summary>All rows of the global batch.</summary>
    public IEnumerable<PlannedRow> Rows => Ranks.SelectMany(rank => rank.SelectMany(rows => rows));

    /// <summary>Target tokens of the global batch: what its loss is the mean over.</summary>
    public long TargetTokens { get; } = Ranks.Sum(rank => rank.Sum(rows => rows.Sum(row => (long)row.TargetTokens)));

    /// <summary>Input tokens of the global batch.</summary>
    public long InputTokens { get; } = Ranks.Sum(rank => rank.Sum(rows => rows.Sum(row => (long)row.InputTokens)));

    /// <summary>Positions that are computed, padding included.</summary>
    public long PaddedTokens { get; } = Ranks.Sum(rank => rank.Sum(rows => (long)rows.Length * (rows.Max(row => row.InputTokens) + rows.Max(row => row.TargetTokens))));
}

/// <summary>
/// Plans global batches: step s takes positions (s−1)·B … s·B−1 of the mixture, whatever the number of ranks. Planned from lengths
/// alone and identically on every rank. Rows are sorted by length and dealt to the ranks in turn, so that all have the same work; each
/// rank cuts its sorted rows into micro-batches where that leaves the least padding.
/// </summary>
public sealed class BatchPlanner
{
    private readonly IReadOnlyList<ITokenSource> _sources;
    private readonly MixtureSchedule _schedule;
    private readonly ulong[] _taskSeeds;
    private readonly Draw[] _draws;
    private readonly int _worldSize;
    private readonly int _microBatches;

    /// <summary>A planner over <paramref name="sources"/>, drawn at <paramref name="rates"/>.</summary>
    /// <param name="sources">The tasks' rows; a task with a rate above zero has rows.</param>
    /// <param name="rates">Their rates.</param>
    /// <param name="seed">Seed of the order within tasks.</param>
    /// <param name="batch">Rows in a global batch, a multiple of <paramref name="worldSize"/>.</param>
    /// <param name="worldSize">Number of ranks.</param>
    /// <param name="microBatches">Micro-batches for each rank, at most its rows.</param>
    public BatchPlanner(IReadOnlyList<ITokenSource> sources, IReadOnlyList<double> rates, long seed, int batch, int worldSize, int microBatches)
    {
        if (batch % worldSize != 0 || microBatches > batch / worldSize)
        {
            throw new ArgumentException($"A batch of {batch} rows cannot be shared by {worldSize} ranks × {microBatches} micro-batches.", nameof(batch));
        }

        _sources = sources;
        _schedule = new MixtureSchedule(rates);
        _taskSeeds = [.. sources.Select(source => Seeds.Mix((ulong)seed, Seeds.Of(source.Name)))];
        _draws = new Draw[batch];
        _worldSize = worldSize;
        _microBatches = microBatches;
    }

    /// <summary>The rates as the schedule uses them.</summary>
    public IReadOnlyList<double> Rates => _schedule.Rates;

    /// <summary>The batch of <paramref name="step"/>, counted from 1.</summary>
    public BatchPlan Plan(int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        var start = (long)(step - 1) * _draws.Length;
        _schedule.Fill(start, _draws);
        var rows = new PlannedRow[_draws.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = Row(start + i, _draws[i]);
        }

        Array.Sort(rows, static (a, b) => (a.InputTokens, a.TargetTokens, a.Position).CompareTo((b.InputTokens, b.TargetTokens, b.Position)));
        return new BatchPlan(step, [.. Enumerable.Range(0, _worldSize).Select(rank => Cut(Dealt(rows, rank)))]);
    }

    private PlannedRow[] Dealt(PlannedRow[] rows, int rank) =>
        [.. Enumerable.Range(0, rows.Length / _worldSize).Select(turn => rows[(turn * _worldSize) + rank])];

    private PlannedRow Row(long position, Draw draw)
    {
        var source = _sources[draw.Task];
        var (epoch, place) = Math.DivRem(draw.Nth, source.Count);
        var index = new Permutation(Seeds.Mix(_taskSeeds[draw.Task], (ulong)epoch), source.Count)[(int)place];
        var (inputs, targets) = source.Lengths(index, epoch);
        return new PlannedRow(position, draw.Task, index, epoch, inputs, targets);
    }

    // Dynamic programming over the cut places: cost[m, n] is the least padded size of the first n rows in m micro-batches. No part may
    // be larger than the parts of an even cut could be: micro-batches are there to bound memory. Among cuts with
    // the same padding the one nearest to even parts is taken.
    private List<PlannedRow[]> Cut(PlannedRow[] rows)
    {
        if (_microBatches == 1)
        {
            return [rows];
        }

        var n = rows.Length;
        var evenRows = (n + _microBatches - 1) / _microBatches;
        var largest = (long)evenRows * (rows[^1].InputTokens + rows.Max(row => row.TargetTokens));
        var cost = new long[_microBatches + 1, n + 1];
        var cut = new int[_microBatches + 1, n + 1];
        for (var m = 0; m <= _microBatches; m++)
        {
            for (var end = 0; end <= n; end++)
            {
                cost[m, end] = m == 0 && end == 0 ? 0 : long.MaxValue;
                var longestTarget = 0;
                for (var from = end - 1; m > 0 && from >= m - 1; from--)
                {
                    longestTarget = Math.Max(longestTarget, rows[from].TargetTokens);
                    var size = (long)(end - from) * (rows[end - 1].InputTokens + longestTarget);
                    if (size > largest)
                    {
                        // Longer parts are larger still.
                        break;
                    }

                    if (cost[m - 1, from] != long.MaxValue && IsBetter(cost[m - 1, from] + size, end - from, cost[m, end], end - cut[m, end], evenRows))
                    {
                        cost[m, end] = cost[m - 1, from] + size;
                        cut[m, end] = from;
                    }
                }
            }
        }

        static bool IsBetter(long size, int rows, long bestSize, int bestRows, int evenRows) =>
            size < bestSize || (size == bestSize && Math.Abs(rows - evenRows) < Math.Abs(bestRows - evenRows));

        var parts = new List<PlannedRow[]>(_microBatches);
        for (var (m, end) = (_microBatches, n); m > 0; end = cut[m, end], m--)
        {
            parts.Add(rows[cut[m, end]..end]);
        }

        parts.Reverse();
        return parts;
    }
}
