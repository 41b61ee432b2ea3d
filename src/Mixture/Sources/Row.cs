using System.Diagnostics.CodeAnalysis;

namespace Temper.Mixture.Sources;

/// <summary>One row of a source: column names and their values, and where the row stands.</summary>
public sealed class Row
{
    private readonly IReadOnlyDictionary<string, int> _index;
    private readonly IReadOnlyList<string> _values;

    internal Row(string place, IReadOnlyDictionary<string, int> index, IReadOnlyList<string> values)
    {
        Place = place;
        _index = index;
        _values = values;
    }

    /// <summary>File and line, for messages.</summary>
    public string Place { get; }

    /// <summary>Names of the columns, in the order of the file.</summary>
    public IEnumerable<string> Columns => _index.OrderBy(column => column.Value).Select(column => column.Key);

    /// <summary>Values of all columns.</summary>
    internal IReadOnlyList<string> Values => _values;

    /// <summary>Value of a column.</summary>
    /// <exception cref="SourceException">The row has no such column.</exception>
    public string this[string column] => TryGet(column, out var value)
        ? value
        : throw new SourceException(Place, $"There is no column '{column}'; the row has {string.Join(", ", Columns)}.");

    /// <summary>Value of a column, if the row has it.</summary>
    public bool TryGet(string column, [MaybeNullWhen(false)] out string value)
    {
        var found = _index.TryGetValue(column, out var position);
        value = found ? _values[position] : null;
        return found;
    }

    /// <summary>Column name → position; the names must differ.</summary>
    internal static Dictionary<string, int> IndexOf(IEnumerable<string> columns)
    {
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var column in columns)
        {
            index.Add(column, index.Count);
        }

        return index;
    }
}
