using System.Diagnostics.CodeAnalysis;

namespace Temper.Mixture.Sources;

/// <summary>
/// The folders that specs may read from. A spec comes from whoever submits a run, so a name that leads out of the roots,
/// by <c>..</c>, as an absolute path or through a symbolic link, is refused, with the same words whether or not it exists.
/// </summary>
public sealed class DataRoots
{
    private readonly IReadOnlyList<string> _roots;

    /// <summary>Roots, searched in this order.</summary>
    public DataRoots(IReadOnlyList<string> roots)
    {
        ArgumentNullException.ThrowIfNull(roots);
        _roots = [.. roots.Select(RealPath.Of)];
    }

    /// <summary>Finds a file: the first root that has it wins.</summary>
    /// <param name="name">Name relative to a root, as the spec gives it.</param>
    /// <param name="file">The file.</param>
    /// <param name="problem">What is wrong and what would be right, when there is none.</param>
    public bool TryFind(string name, [NotNullWhen(true)] out SourceFile? file, [NotNullWhen(false)] out string? problem)
    {
        file = null;
        problem = Unusable(name);
        if (problem is not null)
        {
            return false;
        }

        var inside = false;
        foreach (var root in _roots)
        {
            var path = Resolve(root, name);
            inside |= path is not null;
            if (path is not null && File.Exists(path))
            {
                file = new SourceFile(name, path);
                return true;
            }
        }

        problem = inside
            ? $"'{name}' is not in {Named()}. Check the spelling, or copy the file there."
            : $"'{name}' leads out of {Named()}. Name a file below a data root, relative to it.";
        return false;
    }

    private string? Unusable(string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Contains('\0'))
        {
            return "The file has no name. Give a path relative to a data root.";
        }

        return _roots.Count == 0
            ? $"'{name}' cannot be found: no data root is configured. Give one, or use built-in tasks."
            : null;
    }

    private static string? Resolve(string root, string name)
    {
        try
        {
            var path = RealPath.Of(Path.Combine(root, name));
            return path.StartsWith(Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                ? path
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string Named() => _roots.Count == 1 ? $"the data root {_roots[0]}" : $"the data roots {string.Join(", ", _roots)}";
}
