using System.Text.RegularExpressions;
using Temper.Mixture.Tasks;

namespace Temper.Mixture.Sources;

/// <summary>How the files of a task are read: what <see cref="TaskSpec"/> says about them, checked.</summary>
/// <param name="Format">How a line becomes columns.</param>
/// <param name="Encoding">How bytes become characters.</param>
/// <param name="Header">Whether the first record of a TSV or CSV file names the columns.</param>
/// <param name="Columns">Column names where there is no header; further columns of the file are ignored.</param>
/// <param name="Pattern">For plain text: the expression whose named groups are the columns; null for the one column <c>text</c>.</param>
public sealed record SourceShape(
    SourceFormat Format = SourceFormat.Tsv,
    SourceEncoding Encoding = SourceEncoding.Utf8,
    bool Header = true,
    IReadOnlyList<string>? Columns = null,
    Regex? Pattern = null);
