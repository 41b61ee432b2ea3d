namespace Temper.Mixture.Sources;

/// <summary>Reads plain-text files that belong together line by line, as in translation: each file is a column.</summary>
internal static class ParallelRows
{
    /// <param name="files">Column → file.</param>
    /// <param name="encoding">Of all the files.</param>
    public static IEnumerable<Row> Read(IReadOnlyDictionary<string, SourceFile> files, SourceEncoding encoding)
    {
        // By name, so that hash and messages do not hang on the order in a dictionary.
        var columns = files.Keys.Order(StringComparer.Ordinal).ToArray();
        var index = Row.IndexOf(columns);
        var readers = columns.Select(column => TextLines.Read(files[column], encoding).GetEnumerator()).ToArray();
        try
        {
            for (long number = 1; ; number++)
            {
                var goesOn = Array.ConvertAll(readers, reader => reader.MoveNext());
                RefuseUneven(columns, files, goesOn, number - 1);
                if (!goesOn[0])
                {
                    yield break;
                }

                yield return new Row(files[columns[0]].At(number), index, Array.ConvertAll(readers, reader => reader.Current.Text));
            }
        }
        finally
        {
            foreach (var reader in readers)
            {
                reader.Dispose();
            }
        }
    }

    private static void RefuseUneven(string[] columns, IReadOnlyDictionary<string, SourceFile> files, bool[] goesOn, long lines)
    {
        var ended = Array.IndexOf(goesOn, false);
        var longer = Array.IndexOf(goesOn, true);
        if (ended >= 0 && longer >= 0)
        {
            throw new SourceException(
                files[columns[ended]].At(lines),
                $"The file ends after {lines} lines, but {files[columns[longer]].Name} goes on. Parallel files need the same number of lines.");
        }
    }
}
