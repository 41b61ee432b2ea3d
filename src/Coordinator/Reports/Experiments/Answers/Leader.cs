namespace Temper.Coordinator.Reports.Experiments.Answers;

/// <summary>Who is best among rows that compete, and whether noise lets one say so.</summary>
/// <param name="Best">The best row.</param>
/// <param name="Score">Its score.</param>
/// <param name="Next">The next best; null if it is alone.</param>
/// <param name="Tied">Rows that are not distinguishable from it.</param>
/// <param name="Lead">What it is ahead of the next.</param>
internal sealed record Leader(ResultRow Best, double Score, ResultRow? Next, IReadOnlyList<ResultRow> Tied, Difference Lead)
{
    /// <summary>The best of some rows by a column; null where none has a result.</summary>
    public static Leader? Of(ResultTable table, IEnumerable<ResultRow> rows, int column)
    {
        var isLoss = table.Columns[column].Kind == ColumnKind.Loss;
        var ranked = rows.Where(row => row.Cells[column].Mean is not null).OrderBy(row => row.Cells[column].Mean * (isLoss ? 1 : -1)).ToList();
        if (ranked.Count == 0)
        {
            return null;
        }

        var best = Score(ranked[0]);
        return new Leader(
            ranked[0],
            best,
            ranked.Count > 1 ? ranked[1] : null,
            [.. ranked.Skip(1).Where(row => Ahead(row).IsWithinNoise)],
            ranked.Count > 1 ? Ahead(ranked[1]) : default);

        double Score(ResultRow row) => row.Cells[column].Mean!.Value;
        Difference Ahead(ResultRow row) => new(Math.Abs(best - Score(row)), table.Columns[column].Deviation);
    }

    /// <summary>The sentence that says who has the best average.</summary>
    /// <param name="tasks">Number of tasks in the average.</param>
    /// <param name="given">What is the same for all, such as "With 4 times the compute, "; empty for nothing.</param>
    public string AverageSentence(int tasks, string given = "")
    {
        var (best, highest) = given.Length == 0 ? ("The best", "The highest") : ($"{given}the best", $"{given}the highest");
        var average = $"average over {Figures.Counted(tasks, "task", "tasks")} is that of {Words.Name(Best)}";
        return Next is null ? $"{best} {average}: {Figures.Score(Score)}; there is no other result to compare it with."
            : Tied.Count > 0 ? $"{highest} {average}, {Figures.Score(Score)}, but it is not distinguishable from {Words.List([.. Tied.Select(Words.Name)])}{Lead.Yardstick}."
            : Lead.Deviation is null ? $"{highest} {average}: {Figures.Score(Score)}, {Figures.Score(Lead.Points)} above {Words.Name(Next)}, the next best; nothing was repeated with another seed, so that may be chance."
            : $"{best} {average}: {Figures.Score(Score)}, {Figures.Score(Lead.Points)} above {Words.Name(Next)}, the next best, which is more than noise{Lead.Yardstick}.";
    }
}
