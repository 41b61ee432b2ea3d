namespace Temper.Coordinator.Api;

/// <summary>Keeps paths that come from outside under the folders that the server was given, whatever links and dots they hold.</summary>
internal static class Folders
{
    private const int MostLinks = 40;

    /// <summary>
    /// The full path of <paramref name="path"/> with every link followed, if that lies under one of <paramref name="roots"/> (which a relative path
    /// is tried against in order); null otherwise.
    /// </summary>
    public static string? Under(IReadOnlyList<string> roots, string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        var candidates = roots
            .Select(root => (Root: Follow(Path.GetFullPath(root)), Full: Follow(Path.GetFullPath(path, Path.GetFullPath(root)))))
            .Where(pair => pair.Root is not null && pair.Full is not null && IsUnder(pair.Root, pair.Full))
            .Select(pair => pair.Full!)
            .ToList();
        return candidates.FirstOrDefault(Directory.Exists) ?? candidates.FirstOrDefault();
    }

    private static bool IsUnder(string root, string path) =>
        path == root || path.StartsWith(root.EndsWith(Path.DirectorySeparatorChar) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // What does not exist yet is taken as it is written: it can hold no link.
    private static string? Follow(string path)
    {
        var links = 0;
        var pending = new Stack<string>(path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        var done = Path.GetPathRoot(path)!;
        while (pending.TryPop(out var part))
        {
            var next = Path.GetFullPath(Path.Combine(done, part));
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                done = next;
                continue;
            }

            if (++links > MostLinks)
            {
                return null;
            }

            var resolved = Path.GetFullPath(target, done);
            done = Path.GetPathRoot(resolved)!;
            foreach (var targetPart in resolved.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                pending.Push(targetPart);
            }
        }

        return done;
    }
}
