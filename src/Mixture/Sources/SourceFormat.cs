namespace Temper.Mixture.Sources;

/// <summary>How the files of a split are read.</summary>
public enum SourceFormat
{
    /// <summary>Tab-separated values; quotes are ordinary characters, as in GLUE.</summary>
    Tsv,

    /// <summary>Comma-separated values, RFC 4180: fields may be quoted, quotes are doubled.</summary>
    Csv,

    /// <summary>One JSON object a line; nested values are reached as <c>a/b</c>.</summary>
    Jsonl,

    /// <summary>
    /// Plain text, a line an example: the column is <c>text</c>, or the groups of <see cref="Tasks.TaskSpec.Pattern"/>. Of a text to pre-train on the lines between blank ones
    /// are a document.
    /// </summary>
    Text,
}
