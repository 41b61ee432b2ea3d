namespace Temper.Mixture.Sources;

/// <summary>Follows the symbolic links in a path, component by component, as the operating system would.</summary>
public static class RealPath
{
    // As many as Linux follows before it says ELOOP.
    private const int MaxLinks = 40;

    /// <summary>The path without links, <c>.</c> and <c>..</c>; parts that do not exist are kept as they are.</summary>
    /// <exception cref="IOException">Links lead in a circle.</exception>
    public static string Of(string path)
    {
        var full = Path.IsPathFullyQualified(path) ? path : Path.Combine(Directory.GetCurrentDirectory(), path);
        var root = Path.GetPathRoot(full)!;
        var resolved = root;
        var rest = new Stack<string>();
        Push(rest, full[root.Length..]);
        for (var links = 0; rest.TryPop(out var part);)
        {
            if (part == "..")
            {
                // Only here, after links are resolved: "link/.." is the parent of what the link points to.
                resolved = Path.GetDirectoryName(resolved) ?? root;
                continue;
            }

            var next = Path.Combine(resolved, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                throw new IOException($"More than {MaxLinks} symbolic links in {path}.");
            }

            if (Path.IsPathFullyQualified(target))
            {
                resolved = root = Path.GetPathRoot(target)!;
                target = target[root.Length..];
            }

            Push(rest, target);
        }

        return resolved;
    }

    private static void Push(Stack<string> rest, string path)
    {
        var parts = path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts.Where(part => part != ".").Reverse())
        {
            rest.Push(part);
        }
    }
}
