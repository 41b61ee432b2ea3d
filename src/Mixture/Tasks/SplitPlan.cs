using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>A split whose files were found: what to read, and which of its rows to keep.</summary>
/// <param name="Name"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="Shape">How the files are read.</param>
/// <param name="Files">Place in the spec and file, in reading order.</param>
/// <param name="Parallel">Column → file, instead of files.</param>
/// <param name="Share">Which rows are kept; null for all.</param>
/// <param name="HoldOutBy">Columns in which a training row may not equal a held-out one.</param>
internal sealed record SplitPlan(
    string Name,
    SourceShape Shape,
    IReadOnlyList<(string Place, SourceFile File)> Files,
    IReadOnlyDictionary<string, SourceFile>? Parallel,
    Share? Share,
    IReadOnlyList<string>? HoldOutBy)
{
    /// <summary>The sources of the split, each with its place in the spec: the files, or all parallel files as one.</summary>
    public IEnumerable<(string Place, IEnumerable<Row> Rows)> Sources => Parallel is { } parallel
        ? [($"{Name}.parallel", RowSource.ReadParallel(parallel, Shape.Encoding))]
        : Files.Select(source => (source.Place, RowSource.Read(source.File, Shape)));

    /// <summary>Columns that the split itself reads, with their place in the spec.</summary>
    public IEnumerable<(string Place, string Column)> MissingFrom(Row row) =>
        (Share?.By ?? []).Index().Select(by => (Place: $"{Name}.share_by[{by.Index}]", Column: by.Item))
            .Concat((HoldOutBy ?? []).Index().Select(by => (Place: $"{Name}.hold_out_by[{by.Index}]", Column: by.Item)))
            .Where(use => !row.TryGet(use.Column, out _));
}
