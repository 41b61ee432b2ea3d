using System.Text.RegularExpressions;
using Temper.TestKit;

namespace Temper.Docs.Tests;

/// <summary>The pages of the repository, and where they lead.</summary>
internal static partial class Markdown
{
    /// <summary>All pages, below the root of the repository, with slashes.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        .. Directory.EnumerateFiles(Repository.Root, "*.md", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint })
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(page => !page.StartsWith("artifacts/", StringComparison.Ordinal) && !page.StartsWith("runs/", StringComparison.Ordinal) && !page.Contains("node_modules/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>What links and pictures of a page name, with the line.</summary>
    public static IEnumerable<(int Line, string Target)> Links(string page) =>
        Prose(page).SelectMany(line => Link().Matches(CodeSpan().Replace(line.Text, "")).Select(match => (line.Number, match.Groups["target"].Value)));

    /// <summary>Files and folders of the repository that a page names as code, with the line.</summary>
    public static IEnumerable<(int Line, string Path)> Paths(string page) =>
        Prose(page).SelectMany(line => NamedPath().Matches(line.Text).Select(match => (line.Number, match.Groups["path"].Value)));

    /// <summary>The anchors of the headings of a page, as code hosts make them.</summary>
    public static IReadOnlySet<string> Anchors(string page)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, text) in Prose(page).Where(line => Heading().IsMatch(line.Text)))
        {
            var plain = Heading().Replace(text, "").Trim().ToLowerInvariant();
            var anchor = string.Concat(plain.Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_')).Replace(' ', '-');
            var unique = anchor;
            for (var i = 1; !anchors.Add(unique); i++)
            {
                unique = $"{anchor}-{i}";
            }
        }

        return anchors;
    }

    // Without fenced blocks, in which nothing is a link.
    private static IEnumerable<(int Number, string Text)> Prose(string page)
    {
        var fenced = false;
        foreach (var (i, line) in File.ReadLines(Path.Combine(Repository.Root, page)).Index())
        {
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            fenced ^= isFence;
            if (!fenced && !isFence)
            {
                yield return (i + 1, line);
            }
        }
    }

    [GeneratedRegex("\\]\\((?<target>[^)\\s]+)\\)")]
    private static partial Regex Link();

    [GeneratedRegex("`(?<path>(?:src|docs|examples|deploy|tests|bench)(?:/[A-Za-z0-9_./-]+)?)`")]
    private static partial Regex NamedPath();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("^#{1,6} ")]
    private static partial Regex Heading();
}
