using System.Globalization;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>Checks one split of a spec and finds its files.</summary>
internal static class SplitCheck
{
    public const string Train = "train";

    public static SplitPlan Of(string name, SplitSpec split, SourceShape shape, DataRoots roots, SpecErrors errors)
    {
        if (split.Files is null == split.Parallel is null)
        {
            errors.Add(name, "A split needs either 'files' or 'parallel'. Give one of them, not both and not none.");
            split = split with { Files = null, Parallel = null };
        }

        if (split.HoldOutBy is not null && name != Train)
        {
            errors.Add($"{name}.hold_out_by", "Only training rows can be held out. Move 'hold_out_by' to 'train'.");
        }

        return new SplitPlan(
            name,
            shape,
            FilesOf(name, split, roots, errors),
            ParallelOf(name, split, roots, errors),
            ShareOf(name, split, errors),
            split.HoldOutBy is { Count: > 0 } ? split.HoldOutBy : null);
    }

    private static List<(string Place, SourceFile File)> FilesOf(string name, SplitSpec split, DataRoots roots, SpecErrors errors)
    {
        if (split.Files is { Count: 0 })
        {
            errors.Add($"{name}.files", "The list is empty. Name at least one file, relative to a data root.");
        }

        var files = new List<(string, SourceFile)>();
        foreach (var (index, path) in (split.Files ?? []).Index())
        {
            var place = $"{name}.files[{index}]";
            if (Find(path, place, roots, errors) is { } file)
            {
                files.Add((place, file));
            }
        }

        return files;
    }

    private static Dictionary<string, SourceFile>? ParallelOf(string name, SplitSpec split, DataRoots roots, SpecErrors errors)
    {
        if (split.Parallel is null)
        {
            return null;
        }

        if (split.Parallel.Count < 2)
        {
            errors.Add($"{name}.parallel", $"{split.Parallel.Count} files are given; parallel text needs at least two, such as 'en' and 'de'. For one file use 'files'.");
        }

        var files = new Dictionary<string, SourceFile>(StringComparer.Ordinal);
        foreach (var (column, path) in split.Parallel)
        {
            if (Find(path, $"{name}.parallel.{column}", roots, errors) is { } file)
            {
                files.Add(column, file);
            }
        }

        // Of no files at all there is nothing more to check.
        return files.Count > 0 ? files : null;
    }

    private static SourceFile? Find(string path, string place, DataRoots roots, SpecErrors errors)
    {
        if (roots.TryFind(path, out var file, out var problem))
        {
            return file;
        }

        errors.Add(place, problem);
        return null;
    }

    private static Share? ShareOf(string name, SplitSpec split, SpecErrors errors)
    {
        if (split.Share is null)
        {
            if (split.ShareBy is not null)
            {
                errors.Add($"{name}.share_by", "'share_by' does nothing without 'share'. Give 'share: [from, to]', or leave 'share_by' out.");
            }

            return null;
        }

        if (split.Share is [var from, var to] && from >= 0 && to <= 1 && from < to)
        {
            return new Share(from, to, split.ShareBy is { Count: > 0 } ? split.ShareBy : null);
        }

        var written = string.Join(", ", split.Share.Select(x => x.ToString(CultureInfo.InvariantCulture)));
        errors.Add($"{name}.share", $"[{written}] is not a part of [0, 1]. Give [from, to] with 0 <= from < to <= 1, such as [0, 0.8].");
        return null;
    }
}
