using System.Text;

namespace Temper.Mixture.Tasks;

/// <summary>
/// Text with places for column values: <c>{column}</c>, <c>{column|filter}</c> (several filters apply left to right), and
/// <c>{{</c>, <c>}}</c> for braces. Everything else, spaces included, stays as it is.
/// </summary>
public sealed class TextTemplate
{
    private readonly IReadOnlyList<Piece> _pieces;

    private TextTemplate(IReadOnlyList<Piece> pieces)
    {
        _pieces = pieces;
        Columns = [.. pieces.Where(piece => piece.IsColumn).Select(piece => piece.Text).Distinct(StringComparer.Ordinal)];
    }

    private readonly record struct Piece(string Text, bool IsColumn, IReadOnlyList<Func<string, string>> Filters);

    /// <summary>The template of no text at all.</summary>
    internal static TextTemplate Nothing { get; } = new([]);

    /// <summary>Columns that the template reads, each once.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Reads a template; <paramref name="problems"/> says all that is wrong with it, and is empty if nothing is.</summary>
    public static TextTemplate Parse(string text, out IReadOnlyList<string> problems)
    {
        ArgumentNullException.ThrowIfNull(text);
        var pieces = new List<Piece>();
        var found = new List<string>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('{' or '}'))
            {
                literal.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == text[i])
            {
                literal.Append(text[i++]);
            }
            else if (text[i] == '{' && text.IndexOf('}', i) is var end and > 0)
            {
                Flush(literal, pieces);
                pieces.Add(Place(text[(i + 1)..end], found));
                i = end;
            }
            else
            {
                found.Add($"The '{text[i]}' at position {i + 1} has no partner. Write '{text[i]}{text[i]}' for a brace, or complete it to {{column}}.");
            }
        }

        Flush(literal, pieces);
        problems = found;
        return new TextTemplate(pieces);
    }

    /// <summary>The text with every column's value in its place.</summary>
    /// <param name="valueOf">Gives the value of a column.</param>
    /// <exception cref="FormatException">A filter cannot take a value.</exception>
    public string Fill(Func<string, string> valueOf)
    {
        ArgumentNullException.ThrowIfNull(valueOf);
        var text = new StringBuilder();
        foreach (var piece in _pieces)
        {
            text.Append(piece.IsColumn
                ? piece.Filters.Aggregate(valueOf(piece.Text), (value, filter) => filter(value))
                : piece.Text);
        }

        return text.ToString();
    }

    private static Piece Place(string inner, List<string> problems)
    {
        var parts = inner.Split('|');
        if (parts[0].Length == 0)
        {
            problems.Add("A pair of braces names no column. Write {column}, or '{{}}' for braces.");
        }

        var filters = new List<Func<string, string>>();
        foreach (var name in parts.Skip(1))
        {
            if (TemplateFilters.ByName.TryGetValue(name, out var filter))
            {
                filters.Add(filter);
            }
            else
            {
                problems.Add(Suggestion.Unknown(name, "a filter", [.. TemplateFilters.ByName.Keys]));
            }
        }

        return new Piece(parts[0], IsColumn: true, filters);
    }

    private static void Flush(StringBuilder literal, List<Piece> pieces)
    {
        if (literal.Length > 0)
        {
            pieces.Add(new Piece(literal.ToString(), IsColumn: false, []));
            literal.Clear();
        }
    }
}
