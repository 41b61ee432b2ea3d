namespace Temper.Mixture.Sources;

/// <summary>Reads TSV (quotes are ordinary characters) and CSV (RFC 4180). Blank lines are skipped.</summary>
internal static class DelimitedRows
{
    private readonly record struct Fields(long Line, string[] Values);

    public static IEnumerable<Row> ReadTsv(SourceFile file, SourceShape shape) =>
        ToRows(file, shape, TsvRecords(TextLines.Read(file, shape.Encoding)));

    public static IEnumerable<Row> ReadCsv(SourceFile file, SourceShape shape) =>
        ToRows(file, shape, CsvRecords(file, TextLines.Read(file, shape.Encoding)));

    private static IEnumerable<Fields> TsvRecords(IEnumerable<TextLine> lines) =>
        lines.Where(line => line.Text.Length > 0).Select(line => new Fields(line.Number, line.Text.Split('\t')));

    private static IEnumerable<Fields> CsvRecords(SourceFile file, IEnumerable<TextLine> lines)
    {
        var record = new CsvRecord(file);
        foreach (var line in lines)
        {
            if (line.Text.Length == 0 && !record.IsOpen)
            {
                continue;
            }

            record.Append(line);
            if (!record.IsOpen)
            {
                yield return new Fields(record.FirstLine, record.Take());
            }
        }

        if (record.IsOpen)
        {
            throw new SourceException(file.At(record.FirstLine), "A quoted field is never closed. Close the quote, or use 'format: tsv' where quotes are ordinary characters.");
        }
    }

    private static IEnumerable<Row> ToRows(SourceFile file, SourceShape shape, IEnumerable<Fields> records)
    {
        Dictionary<string, int>? columns = shape.Header ? null : Row.IndexOf(shape.Columns ?? []);
        foreach (var record in records)
        {
            if (columns is null)
            {
                columns = HeaderOf(file, record);
                continue;
            }

            RefuseRagged(file, record, columns.Count, shape.Header);
            yield return new Row(file.At(record.Line), columns, record.Values);
        }
    }

    private static Dictionary<string, int> HeaderOf(SourceFile file, Fields header)
    {
        var twice = header.Values.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? Row.IndexOf(header.Values)
            : throw new SourceException(file.At(header.Line), $"The header names the column '{twice.Key}' twice. Rename one of the two, or if the first line is data, set 'header: false' and list 'columns'.");
    }

    // Without a header the named columns come first and the rest is nobody's business: STS-B has rows with two more.
    private static void RefuseRagged(SourceFile file, Fields record, int expected, bool header)
    {
        var actual = record.Values.Length;
        if (actual < expected || (header && actual > expected))
        {
            var source = header ? "the header names" : "'columns' lists";
            throw new SourceException(file.At(record.Line), $"The row has {actual} columns, {source} {expected}. Repair the row, or check 'format', 'header' and 'columns'.");
        }
    }
}
