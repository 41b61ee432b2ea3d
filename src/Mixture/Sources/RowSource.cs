namespace Temper.Mixture.Sources;

/// <summary>
/// Reads rows in the order of the files. Reading is lazy; a mistake is thrown as a <see cref="SourceException"/> when its
/// line is reached.
/// </summary>
public static class RowSource
{
    /// <summary>Rows of one file.</summary>
    public static IEnumerable<Row> Read(SourceFile file, SourceShape shape)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(shape);
        var rows = shape.Format switch
        {
            SourceFormat.Tsv => DelimitedRows.ReadTsv(file, shape),
            SourceFormat.Csv => DelimitedRows.ReadCsv(file, shape),
            SourceFormat.Jsonl => JsonRows.Read(file, shape),
            SourceFormat.Text => TextRows.Read(file, shape),
            var other => throw new ArgumentOutOfRangeException(nameof(shape), other, "Unknown format."),
        };
        return NotEmpty(file.Name, shape.Format == SourceFormat.Jsonl ? rows : rows.Select(WithoutNul));
    }

    /// <summary>Rows of plain-text files that belong together line by line.</summary>
    /// <param name="files">Column name → file.</param>
    /// <param name="encoding">Of all the files.</param>
    public static IEnumerable<Row> ReadParallel(IReadOnlyDictionary<string, SourceFile> files, SourceEncoding encoding)
    {
        ArgumentNullException.ThrowIfNull(files);
        return NotEmpty(string.Join(", ", files.Values.Select(file => file.Name).Order(StringComparer.Ordinal)), ParallelRows.Read(files, encoding).Select(WithoutNul));
    }

    private static IEnumerable<Row> NotEmpty(string name, IEnumerable<Row> rows)
    {
        var any = false;
        foreach (var row in rows)
        {
            any = true;
            yield return row;
        }

        if (!any)
        {
            throw new SourceException(name, "The file holds no rows. Check that it was downloaded whole, or leave it out.");
        }
    }

    // Bytes of UTF-16 without a mark, and of files that are no text, are valid UTF-8 more often than not. JSON holds the character only where somebody wrote it as \u0000.
    private static Row WithoutNul(Row row) => row.Values.Any(value => value.Contains('\0'))
        ? throw new SourceException(row.Place, "The row holds the character NUL, which is no text. Convert the file to UTF-8 if it is in UTF-16, or check that it is a text file.")
        : row;
}
