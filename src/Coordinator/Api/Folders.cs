using Temper.Mixture.Sources;

namespace Temper.Coordinator.Api;

/// <summary>Keeps paths that come from outside under the folders that the server was given, whatever links and dots they hold.</summary>
internal static class Folders
{
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
            .Select(root => (Root: Follow(Path.GetFullPath(root)), Full: Follow(Path.Combine(Path.GetFullPath(root), path))))
            .Where(pair => pair.Root is not null && pair.Full is not null && IsUnder(pair.Root, pair.Full))
            .Select(pair => pair.Full!)
            .ToList();
        return candidates.FirstOrDefault(Directory.Exists) ?? candidates.FirstOrDefault();
    }

    private static bool IsUnder(string root, string path) =>
        path == root || path.StartsWith(root.EndsWith(Path.DirectorySeparatorChar) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string? Follow(string path)
    {
        try
        {
            return RealPath.Of(path);
        }
        catch (IOException)
        {
            // Links in a circle lead nowhere.
            return null;
        }
    }
}
