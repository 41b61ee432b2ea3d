namespace Temper.Worker.Evaluation;

/// <summary>
/// Rows of similar length together. The batches depend on the lengths and on how many rows fit in one, not on how many ranks share them:
/// what a batch is padded to decides the last bits of its results, so any number of ranks finds the same ones.
/// </summary>
internal static class LengthBatches
{
    /// <summary>Indexes of rows, shortest first, in as few batches as there can be, of equal size within one row.</summary>
    /// <param name="lengths">Of each row, in tokens.</param>
    /// <param name="most">Rows of a batch at most.</param>
    public static IReadOnlyList<int[]> Of(IReadOnlyList<int> lengths, int most)
    {
        var order = Enumerable.Range(0, lengths.Count).OrderBy(row => lengths[row]).ToArray();
        var count = (order.Length + most - 1) / most;
        return [.. Enumerable.Range(0, count).Select(i => order[Border(i)..Border(i + 1)])];

        int Border(int batch) => (int)((long)batch * order.Length / count);
    }
}
