namespace Temper.Worker.Model;

/// <summary>The positions of a batch that the vocabulary product is computed for, and what should be predicted there.</summary>
/// <param name="Rows">Rows in the batch.</param>
/// <param name="Positions">N indexes into the B·T positions, ascending.</param>
/// <param name="Ids">N ids.</param>
/// <param name="RowOf">N row numbers.</param>
internal sealed record Targets(int Rows, long[] Positions, long[] Ids, int[] RowOf)
{
    /// <summary>The positions with a target: neither padding nor masked out.</summary>
    public static Targets Of(ModelBatch batch) => Where(batch, id => id > 0);

    /// <summary>All positions.</summary>
    public static Targets All(ModelBatch batch) => Where(batch, _ => true);

    private static Targets Where(ModelBatch batch, Func<int, bool> counts)
    {
        var positions = Enumerable.Range(0, batch.TargetIds.Length).Where(i => counts(batch.TargetIds[i])).ToArray();
        if (positions.Length == 0)
        {
            throw new ArgumentException("The batch has no target: nothing to learn from or to score.", nameof(batch));
        }

        return new Targets(
            batch.Rows,
            Array.ConvertAll(positions, i => (long)i),
            Array.ConvertAll(positions, i => (long)batch.TargetIds[i]),
            Array.ConvertAll(positions, i => i / batch.TargetLength));
    }
}
