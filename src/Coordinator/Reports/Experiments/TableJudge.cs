using Temper.Contracts.Experiments;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>One side of a comparison: a row, or rows that repeat each other.</summary>
internal sealed record Entry(string Name, IReadOnlyList<ResultRow> Rows)
{
    /// <summary>What its repetitions scored.</summary>
    public IReadOnlyList<double> Values(int column) => [.. Rows.SelectMany(row => row.Cells[column].Values)];

    public double? Mean(int column) => Spread.Mean(Values(column));

    public bool Has(ResultRow row) => Rows.Contains(row, ReferenceEqualityComparer.Instance);
}

/// <summary>What may be said of a table: one <see cref="NoiseRule"/> a column, and who is compared with whom. Sentences, bold and plots all ask it.</summary>
internal sealed class TableJudge
{
    private readonly List<Entry> _entries = [];
    private readonly List<NoiseRule> _rules;

    /// <param name="table">The table; of its judgement only <see cref="NoiseTest.Undefined"/> is read.</param>
    /// <param name="membersRepeat">Whether members differ by nothing but their seeds: then they are repetitions of one thing, though each has a row of its own.</param>
    public TableJudge(ResultTable table, bool membersRepeat)
    {
        Table = table;
        var members = table.Rows.Where(row => membersRepeat && row.Role == RowRole.Member).ToList();
        foreach (var row in table.Rows)
        {
            if (!members.Contains(row, ReferenceEqualityComparer.Instance))
            {
                _entries.Add(new Entry(Answers.Words.Name(row), [row]));
            }
            else if (ReferenceEquals(row, members[0]))
            {
                _entries.Add(new Entry(members.Count == 1 ? Answers.Words.Name(row) : "the members", members));
            }
        }

        _rules = [.. table.Columns.Select((column, i) => column.Test == NoiseTest.Undefined ? NoiseRule.Undefined : NoiseRule.Of(_entries.Select(entry => entry.Values(i))))];
    }

    public ResultTable Table { get; }

    /// <summary>The rule of a column.</summary>
    public NoiseRule Rule(int column) => _rules[column];

    /// <summary>Who is in front in a column; null where none of those who compete has a result.</summary>
    /// <param name="column">The column.</param>
    /// <param name="among">Who competes; all rows that do if not given.</param>
    public Leader? Leader(int column, Func<ResultRow, bool>? among = null)
    {
        var isLoss = Table.Columns[column].Kind == ColumnKind.Loss;
        var ranked = _entries
            .Where(entry => entry.Rows.All(among ?? (row => row.Competes)) && entry.Mean(column) is not null)
            .OrderBy(entry => entry.Mean(column) * (isLoss ? 1 : -1))
            .ToList();
        if (ranked.Count == 0)
        {
            return null;
        }

        var rule = _rules[column];
        var others = ranked.Skip(1)
            .Select(other => new Against(other, NoiseRule.Bonferroni(rule.P(ranked[0].Values(column), other.Values(column)), ranked.Count - 1)))
            .ToList();
        return new Leader(ranked[0], others, column, rule);
    }

    /// <summary>The difference of two sides in a column; null where one has no result.</summary>
    /// <param name="first">Rows of the one side.</param>
    /// <param name="second">Rows that others are held against too.</param>
    /// <param name="column">The column.</param>
    public Difference? Between(IReadOnlyList<ResultRow> first, IReadOnlyList<ResultRow> second, int column)
    {
        var (one, other) = (new Entry("", first), new Entry("", second));
        if (one.Mean(column) is not { } mean || other.Mean(column) is not { } reference)
        {
            return null;
        }

        var comparisons = _entries.Count(entry => entry.Mean(column) is not null) - 1;
        var p = NoiseRule.Bonferroni(_rules[column].P(one.Values(column), other.Values(column)), comparisons);
        return new Difference(Spread.AreEqual(mean, reference) ? 0 : mean - reference, p, _rules[column]);
    }

    /// <summary>Two sides on every task where both have a result.</summary>
    public IReadOnlyList<TaskDifference> Tasks(IReadOnlyList<ResultRow> first, IReadOnlyList<ResultRow> second) =>
        [.. Table.Tasks.Where(column => Between(first, second, column) is not null).Select(column => new TaskDifference(column, Table.Columns[column].Task!, Between(first, second, column)!.Value))];
}
