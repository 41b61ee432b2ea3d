namespace Temper.Worker.Model;

/// <summary>
/// One batch as the model takes it: two row-major rectangles of ids, padded at the end with 0. Padding inputs are not attended to;
/// padding targets, and negative ones, have no loss. The decoder's inputs are the targets shifted right behind a 0.
/// </summary>
public sealed record ModelBatch
{
    /// <summary>A batch over the given arrays, which it does not copy.</summary>
    /// <param name="rows">B, the number of examples; at least 1.</param>
    /// <param name="inputLength">S, padded input tokens per row; at least 1.</param>
    /// <param name="targetLength">T, padded target tokens per row; at least 1, save for decoding.</param>
    /// <param name="inputIds">B·S ids.</param>
    /// <param name="targetIds">B·T ids.</param>
    /// <exception cref="ArgumentException">The arrays do not have these sizes.</exception>
    public ModelBatch(int rows, int inputLength, int targetLength, int[] inputIds, int[] targetIds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputLength, 1);
        if (inputIds.Length != rows * inputLength || targetIds.Length != rows * targetLength)
        {
            throw new ArgumentException(
                $"{rows} rows of {inputLength} inputs and {targetLength} targets need {rows * inputLength} and {rows * targetLength} ids, "
                + $"not {inputIds.Length} and {targetIds.Length}.");
        }

        (Rows, InputLength, TargetLength, InputIds, TargetIds) = (rows, inputLength, targetLength, inputIds, targetIds);
    }

    /// <summary>Rows of any lengths, padded to the longest.</summary>
    /// <param name="inputs">B rows of input ids.</param>
    /// <param name="targets">B rows of target ids.</param>
    public static ModelBatch Of(IReadOnlyList<ReadOnlyMemory<int>> inputs, IReadOnlyList<ReadOnlyMemory<int>> targets)
    {
        var (inputIds, inputLength) = Rectangle(inputs);
        var (targetIds, targetLength) = Rectangle(targets);
        return new ModelBatch(inputs.Count, inputLength, targetLength, inputIds, targetIds);
    }

    /// <summary>B, the number of examples.</summary>
    public int Rows { get; }

    /// <summary>S, padded input tokens per row.</summary>
    public int InputLength { get; }

    /// <summary>T, padded target tokens per row.</summary>
    public int TargetLength { get; }

    /// <summary>B·S ids, row after row.</summary>
    public int[] InputIds { get; }

    /// <summary>B·T ids, row after row.</summary>
    public int[] TargetIds { get; }

    /// <summary>Targets that have a loss.</summary>
    public int TargetTokens => TargetIds.Count(id => id > 0);

    /// <summary>Rows as one array, each padded with 0 to the longest, which is at least 1.</summary>
    internal static (int[] Ids, int Length) Rectangle(IReadOnlyList<ReadOnlyMemory<int>> rows)
    {
        var length = Math.Max(1, rows.Max(row => row.Length));
        var ids = new int[rows.Count * length];
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].Span.CopyTo(ids.AsSpan(i * length));
        }

        return (ids, length);
    }
}

/// <summary>What one batch's targets cost, apart for each row, so that a task's share of it can be told.</summary>
/// <param name="RowLoss">Cross entropy in nats, summed over each row's targets; without the z-loss.</param>
/// <param name="RowTokens">Targets counted in each row.</param>
/// <param name="ZLoss">The z-loss of the whole batch, summed over targets; 0 when it is off.</param>
public sealed record BatchLoss(double[] RowLoss, int[] RowTokens, double ZLoss)
{
    /// <summary>Cross entropy in nats, summed over all targets.</summary>
    public double Sum => RowLoss.Sum();

    /// <summary>Targets counted.</summary>
    public int Tokens => RowTokens.Sum();
}
