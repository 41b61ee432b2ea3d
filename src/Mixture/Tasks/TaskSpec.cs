using System.ComponentModel;
using Temper.Mixture.Objectives;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>Where the examples of one split lie.</summary>
/// <param name="Files">Files that are read one after the other; <c>.gz</c> is unpacked. Relative to the data root.</param>
/// <param name="Parallel">Instead of <paramref name="Files"/>: column name → plain-text file, aligned line by line (translation).</param>
/// <param name="Share">Which part of the rows belongs to this split, as [from, to) in 0 … 1 of a hash of the columns in <paramref name="ShareBy"/>; null for all.</param>
/// <param name="ShareBy">The columns whose hash decides, so that rows that agree in them land in the same split; null for all columns.</param>
/// <param name="HoldOutBy">Train only: a row is left out when a row of validation or test has the same values in these columns. For validation sets that were cut out of the training file, such as MRPC's.</param>
public sealed record SplitSpec(
    [property: Description("Files read one after the other (.gz is unpacked), relative to the data root.")] IReadOnlyList<string>? Files = null,
    [property: Description("Column name to plain-text file, aligned line by line; instead of files.")] IReadOnlyDictionary<string, string>? Parallel = null,
    [property: Description("The part of the rows that belongs to this split, as [from, to) within 0 and 1 of a hash: [0, 0.8] and [0.8, 1] of one file never share a row. All rows if not given. Documents of a text to pre-train on are kept whole.")] IReadOnlyList<double>? Share = null,
    [property: Description("Columns whose hash decides which part a row is in; all columns if not given.")] IReadOnlyList<string>? ShareBy = null,
    [property: Description("Train only: leave out rows that equal a row of validation or test in these columns.")] IReadOnlyList<string>? HoldOutBy = null);

/// <summary>
/// One text-to-text task: where its rows come from, how a row becomes input and target text, and how predictions are judged.
/// Either <paramref name="Builtin"/> names one of Temper's own tasks, or files, templates and metrics are given, or files are a text to pre-train on.
/// </summary>
/// <param name="Builtin">Name of a built-in task (see <c>BuiltinTasks</c>); then only <paramref name="MaxExamples"/>, <paramref name="Metrics"/> and <paramref name="Rate"/> may be given too.</param>
/// <param name="Train">Training rows.</param>
/// <param name="Validation">Rows that are evaluated while training.</param>
/// <param name="Test">Rows that are evaluated at the end only.</param>
/// <param name="Format">How the files are read.</param>
/// <param name="Encoding">Character encoding of the files; <c>utf-8</c> (a byte-order mark is skipped) or <c>latin-1</c>.</param>
/// <param name="Header">Whether the first line of a TSV or CSV file names the columns; otherwise <paramref name="Columns"/> does.</param>
/// <param name="Columns">Column names of files without a header, left to right; further columns are ignored.</param>
/// <param name="Pattern">For <see cref="SourceFormat.Text"/>: a .NET regular expression whose named groups are the columns; a line that does not match is an error.</param>
/// <param name="Inputs">Template of the input text: <c>{column}</c> is replaced by the value, <c>{{</c> and <c>}}</c> are braces. <c>{column|filter}</c> applies a filter, see <c>TemplateFilters</c>. For a text to pre-train on <c>{text}</c> if not given.</param>
/// <param name="Targets">Template of the target text.</param>
/// <param name="Map">Column → (raw value → text) applied before the templates; a raw value that is not listed is an error.</param>
/// <param name="Labels">The only valid answers, in class-id order. A prediction outside them is wrong. Null for free text. Shorthands do not exist: list them.</param>
/// <param name="LabelRange">Instead of <paramref name="Labels"/>: [from, to, step] of a regression written as text with one decimal (STS-B: [0, 5, 0.2], 26 strings).</param>
/// <param name="Metrics">Names of metrics, the main one first, see <c>MetricCatalog</c>.</param>
/// <param name="MaxExamples">Use only this many training rows: the first ones of a fixed permutation of their positions, so that a smaller number takes a part of what a larger one takes. Of a text to pre-train on as many of its documents as fill so many chunks.</param>
/// <param name="Rate">Rate of the task under the mixture strategy <c>explicit</c>.</param>
/// <param name="SpanCorruption">The rows are a text to pre-train on: in each epoch its documents are shuffled, joined and cut into chunks that fill <c>training.input_length</c>, and other spans are hidden. Then there are no targets, labels and metrics: such a task is judged by its loss.</param>
public sealed record TaskSpec(
    [property: Description("Name of a built-in task that needs no files; then only max_examples, metrics and rate may be given too.")] string? Builtin = null,
    [property: Description("Rows to train on. Without them the task is only evaluated: its rate is 0.")] SplitSpec? Train = null,
    [property: Description("Rows to evaluate on, while training and at the end.")] SplitSpec? Validation = null,
    [property: Description("Rows to evaluate on at the end only.")] SplitSpec? Test = null,
    [property: Description("How the files are read. tsv: tab-separated, quotes are ordinary characters. csv: RFC 4180. jsonl: an object a line, nested values are reached as a/b. text: a line an example, in the column text or in those of pattern; with span_corruption the lines between blank ones are a document.")] SourceFormat Format = SourceFormat.Tsv,
    [property: Description("Character encoding of the files: utf-8 or latin-1.")] string Encoding = "utf-8",
    [property: Description("Whether the first line names the columns (TSV and CSV).")] bool Header = true,
    [property: Description("Column names of TSV and CSV files without a header, left to right; further columns are ignored.")] IReadOnlyList<string>? Columns = null,
    [property: Description("Format text: a .NET regular expression whose named groups are the columns; a line that does not match is an error.")] string? Pattern = null,
    [property: Description("Template of the input text: {column} is replaced by its value, {column|filter} by what the filter lower, trim or fifths makes of it; {{ and }} are braces. Needed with files; {text} if not given with span_corruption.")] string? Inputs = null,
    [property: Description("Template of the target text. Needed with files, but not with span_corruption. Rows of validation or test may have no label, all of a split or none: the column is missing, or it is empty or -1 and map and labels take neither. Their target is <unk>, and their metrics and loss are not defined.")] string? Targets = null,
    [property: Description("Column to (raw value to text), applied before the templates; a raw value that is not listed is an error.")] IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? Map = null,
    [property: Description("The only valid answers, in class-id order; any other prediction is wrong. Free text if not given.")] IReadOnlyList<string>? Labels = null,
    [property: Description("Instead of labels: [from, to, step] of a regression written as text with one decimal; [0, 5, 0.2] for STS-B.")] IReadOnlyList<double>? LabelRange = null,
    [property: Description("How predictions are judged: accuracy, exact_match, f1, macro_f1, matthews, pearson, spearman, bleu, token_f1, trivia_qa, rouge, or T5's own names for them. The first is the task's main one: averages, comparisons and the word best go by it. No two may report the same value.")] IReadOnlyList<string>? Metrics = null,
    [property: Description("Use only this many training rows, at least 1: the first of a fixed permutation, so that a smaller number takes a part of what a larger one takes. With span_corruption: train on the documents, the first of a fixed permutation, that fill this many chunks. All if not given.")] int? MaxExamples = null,
    [property: Description("Rate of the task when the mixture strategy is explicit, and only then: 0 (evaluate only) or more.")] double? Rate = null,
    [property: Description("Pre-train on a text with hidden spans, instead of targets, labels and metrics. Documents (rows; with format: text the lines between blank ones) are shuffled, joined and cut into chunks that fill training.input_length, anew in each epoch; those that are evaluated stay in their order. {} for T5's own settings.")] SpanCorruptionSpec? SpanCorruption = null)
{
    /// <summary>Whether the task has validation or test rows alone: it is evaluated, and nothing is drawn from it.</summary>
    public bool IsEvaluatedOnly() => Builtin is null && Train is null;
}
