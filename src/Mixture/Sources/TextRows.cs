using System.Text.RegularExpressions;

namespace Temper.Mixture.Sources;

/// <summary>Reads plain text: a line a row, as the column <c>text</c> or as the named groups of a pattern.</summary>
internal static class TextRows
{
    public const string Column = "text";

    private static readonly Dictionary<string, int> OnlyText = Row.IndexOf([Column]);

    public static IEnumerable<Row> Read(SourceFile file, SourceShape shape)
    {
        var lines = TextLines.Read(file, shape.Encoding);
        return shape.Pattern is { } pattern
            ? Matched(file, pattern, lines)
            : lines.Select(line => new Row(file.At(line.Number), OnlyText, [line.Text]));
    }

    /// <summary>Names of the groups that a pattern names itself; numbered groups are no columns.</summary>
    public static IReadOnlyList<string> GroupsOf(Regex pattern) =>
        [.. pattern.GetGroupNames().Where(name => !char.IsAsciiDigit(name[0]))];

    private static IEnumerable<Row> Matched(SourceFile file, Regex pattern, IEnumerable<TextLine> lines)
    {
        var groups = GroupsOf(pattern);
        var columns = Row.IndexOf(groups);
        foreach (var line in lines)
        {
            var match = Match(file, pattern, line);
            yield return new Row(file.At(line.Number), columns, [.. groups.Select(name => match.Groups[name].Value)]);
        }
    }

    private static Match Match(SourceFile file, Regex pattern, TextLine line)
    {
        try
        {
            var match = pattern.Match(line.Text);
            return match.Success
                ? match
                : throw new SourceException(file.At(line.Number), $"The line '{Shorten(line.Text)}' does not match the pattern {pattern}. Widen the pattern, or repair the line.");
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new SourceException(file.At(line.Number), $"The pattern {pattern} needs longer than {pattern.MatchTimeout.TotalSeconds} s for this line. Avoid nested repetitions such as (a+)+.", e);
        }
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : $"{text.AsSpan(0, 60)}…";
}
