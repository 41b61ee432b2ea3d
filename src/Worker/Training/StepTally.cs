using Temper.Contracts.Agents;
using Temper.Mixture.Batching;
using Temper.Worker.Model;

namespace Temper.Worker.Training;

/// <summary>What a step is made of, task by task, in one vector that a single exchange sums over all ranks.</summary>
internal sealed class StepTally(int taskCount, int worldSize)
{
    private const int PerTask = 3;

    private readonly double[] _sums = new double[(taskCount * PerTask) + worldSize + 1];
    private readonly List<PlannedRow> _nonFiniteRows = [];

    /// <summary>
    /// The vector: examples, target tokens and loss of each task, then the seconds of each rank, then the number of ranks that were asked to stop.
    /// </summary>
    public Span<double> Sums => _sums;

    /// <summary>What each rank needed until it could take part in the exchange; before it, only this rank's own time is there.</summary>
    public Span<double> RankSeconds => _sums.AsSpan(taskCount * PerTask, worldSize);

    /// <summary>This rank's rows whose loss is not a number.</summary>
    public IReadOnlyList<PlannedRow> NonFiniteRows => _nonFiniteRows;

    /// <summary>Cross entropy of all tasks.</summary>
    public double LossSum
    {
        get
        {
            var sum = 0.0;
            for (var i = 2; i < taskCount * PerTask; i += PerTask)
            {
                sum += _sums[i];
            }

            return sum;
        }
    }

    /// <summary>Whether this rank, or after the exchange any rank, was asked to stop.</summary>
    public bool StopRequested
    {
        get => _sums[^1] > 0;
        set => _sums[^1] = value ? 1 : 0;
    }

    /// <summary>Adds a micro-batch.</summary>
    public void Add(IReadOnlyList<PlannedRow> rows, BatchLoss loss)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            var at = rows[i].Task * PerTask;
            _sums[at]++;
            _sums[at + 1] += loss.RowTokens[i];
            _sums[at + 2] += loss.RowLoss[i];
            if (!double.IsFinite(loss.RowLoss[i]))
            {
                _nonFiniteRows.Add(rows[i]);
            }
        }
    }

    /// <summary>The tasks that had rows, by name.</summary>
    /// <param name="names">Their names.</param>
    /// <param name="plan">The step that was made: from it every rank knows the inputs of all.</param>
    public SortedDictionary<string, TaskStep> ByTask(IReadOnlyList<string> names, BatchPlan plan)
    {
        var inputTokens = new long[taskCount];
        foreach (var row in plan.Rows)
        {
            inputTokens[row.Task] += row.InputTokens;
        }

        var result = new SortedDictionary<string, TaskStep>(StringComparer.Ordinal);
        for (var task = 0; task < taskCount; task++)
        {
            var at = task * PerTask;
            if (_sums[at] > 0)
            {
                result.Add(names[task], new TaskStep((int)_sums[at], (long)_sums[at + 1], _sums[at + 2], inputTokens[task]));
            }
        }

        return result;
    }
}
