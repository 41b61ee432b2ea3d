using Temper.Mixture.Examples;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>Turns a row into an example: map, then templates, then the label check.</summary>
internal sealed class ExampleMaker(
    TextTemplate inputs,
    TextTemplate targets,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> map,
    IReadOnlyList<string>? labels)
{
    private readonly HashSet<string>? _labels = labels?.ToHashSet(StringComparer.Ordinal);

    /// <exception cref="SourceException">The row does not fit the spec.</exception>
    public TextExample Make(Row row)
    {
        var example = new TextExample(Fill(inputs, row), Fill(targets, row));
        return _labels is null || _labels.Contains(example.Targets)
            ? example
            : throw new SourceException(row.Place, $"The target '{Shorten(example.Targets)}' is not among the labels {Listed()}. Add it to 'labels', or change 'map' or 'targets'.");
    }

    /// <summary>
    /// Whether nobody has labelled the row: a column of the target is missing, or is empty or -1 where 'labels' or 'map' take neither for a label.
    /// </summary>
    public bool LacksLabel(Row row) =>
        targets.Columns.Any(column => !row.TryGet(column, out var raw) || (raw.Trim() is "" or "-1" or "-1.0" && !Takes(row, column, raw)));

    /// <summary>The example of a row without a label.</summary>
    public TextExample WithoutLabel(Row row) => new(Fill(inputs, row), TextExample.NoLabel);

    /// <summary>The columns that the target is made of.</summary>
    public IEnumerable<string> TargetColumns => targets.Columns;

    /// <summary>Columns that the spec reads but the row has not, with the place in the spec that reads them.</summary>
    public IEnumerable<(string Place, string Column)> MissingFrom(Row row) =>
        inputs.Columns.Select(column => (Place: "inputs", Column: column))
            .Concat(targets.Columns.Select(column => (Place: "targets", Column: column)))
            .Concat(map.Keys.Select(column => (Place: $"map.{column}", Column: column)))
            .Where(use => !row.TryGet(use.Column, out _));

    private bool Takes(Row row, string column, string raw)
    {
        if (map.TryGetValue(column, out var texts))
        {
            return texts.ContainsKey(raw);
        }

        if (_labels is null)
        {
            return true;
        }

        try
        {
            return _labels.Contains(Fill(targets, row));
        }
        catch (SourceException)
        {
            // A filter that makes a number of it, or another column of the target.
            return false;
        }
    }

    private string Fill(TextTemplate template, Row row)
    {
        try
        {
            return template.Fill(column => ValueOf(row, column));
        }
        catch (FormatException e)
        {
            throw new SourceException(row.Place, e.Message, e);
        }
    }

    private string ValueOf(Row row, string column)
    {
        var raw = row[column];
        if (!map.TryGetValue(column, out var texts))
        {
            return raw;
        }

        return texts.TryGetValue(raw, out var text)
            ? text
            : throw new SourceException(row.Place, $"The column '{column}' is '{Shorten(raw)}', which 'map.{column}' does not list. Add it there; listed are {string.Join(", ", texts.Keys.Take(10))}.");
    }

    private string Listed() => labels!.Count <= 10 ? string.Join(", ", labels) : $"{string.Join(", ", labels.Take(10))}, …";

    private static string Shorten(string text) => text.Length <= 60 ? text : $"{text.AsSpan(0, 60)}…";
}
