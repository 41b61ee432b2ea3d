using System.Text.RegularExpressions;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>Checks what a spec says about the form of its files: format, encoding, header, columns, pattern.</summary>
internal static class ShapeCheck
{
    // A pattern comes from whoever submits a run: one that backtracks without end must not hold up the service.
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    /// <summary>The shape; where there were errors, the nearest usable one, so that checking can go on.</summary>
    public static SourceShape Of(TaskSpec spec, SpecErrors errors)
    {
        if (!SourceEncodings.ByName.TryGetValue(spec.Encoding, out var encoding))
        {
            errors.Add("encoding", Suggestion.Unknown(spec.Encoding, "an encoding", [.. SourceEncodings.ByName.Keys]));
        }

        if (!Enum.IsDefined(spec.Format))
        {
            errors.Add("format", Suggestion.Unknown($"{spec.Format}", "a format", ["tsv", "csv", "jsonl", "text"]));
        }

        CheckColumns(spec, errors);
        return new SourceShape(spec.Format, encoding, spec.Header, spec.Columns, PatternOf(spec, errors));
    }

    private static void CheckColumns(TaskSpec spec, SpecErrors errors)
    {
        var delimited = spec.Format is SourceFormat.Tsv or SourceFormat.Csv;
        var readsFiles = new[] { spec.Train, spec.Validation, spec.Test }.Any(split => split?.Files is not null);
        if (delimited && readsFiles && !spec.Header && spec.Columns is not { Count: > 0 })
        {
            errors.Add("columns", "The files have no header and no column names are given. List the columns left to right.");
        }

        if (spec.Columns is not null && (!delimited || spec.Header))
        {
            errors.Add("columns", "'columns' names the columns of TSV and CSV files without a header. Set 'header: false', or leave 'columns' out.");
        }

        foreach (var twice in (spec.Columns ?? []).CountBy(name => name, StringComparer.Ordinal).Where(name => name.Value > 1))
        {
            errors.Add("columns", $"'{twice.Key}' is listed {twice.Value} times. Give every column a name of its own.");
        }
    }

    private static Regex? PatternOf(TaskSpec spec, SpecErrors errors)
    {
        if (spec.Pattern is null)
        {
            return null;
        }

        if (spec.Format != SourceFormat.Text)
        {
            errors.Add("pattern", "'pattern' belongs to plain text. Set 'format: text', or leave 'pattern' out.");
        }

        try
        {
            var pattern = new Regex(spec.Pattern, RegexOptions.CultureInvariant, LongestMatch);
            if (TextRows.GroupsOf(pattern).Count > 0)
            {
                return pattern;
            }

            errors.Add("pattern", $"'{spec.Pattern}' names no group, so there are no columns. Write (?<label>\\w+) for a column 'label'.");
        }
        catch (ArgumentException e)
        {
            errors.Add("pattern", $"'{spec.Pattern}' is not a regular expression: {e.Message} Correct it; .NET's syntax applies.");
        }

        return null;
    }
}
