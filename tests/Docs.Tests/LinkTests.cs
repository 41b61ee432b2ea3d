using Temper.TestKit;

namespace Temper.Docs.Tests;

/// <summary>Links and pictures of all pages lead somewhere.</summary>
public class LinkTests
{
    public static TheoryData<string> Pages => [.. Markdown.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_leads_to_a_file_and_a_heading_that_there_are(string page) =>
        Assert.Empty(Markdown.Links(page).Where(link => !link.Target.Contains("://", StringComparison.Ordinal) && !Leads(page, link.Target)).Select(link => $"{page}:{link.Line}: {link.Target}"));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_path_that_is_named_exists(string page) =>
        Assert.Empty(Markdown.Paths(page).Where(named => !Path.Exists(Path.Combine(Repository.Root, named.Path))).Select(named => $"{page}:{named.Line}: {named.Path}"));

    private static bool Leads(string page, string target)
    {
        var (path, anchor) = target.IndexOf('#', StringComparison.Ordinal) is >= 0 and var at ? (target[..at], target[(at + 1)..]) : (target, null);
        var file = path.Length == 0 ? page : Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, path))).Replace('\\', '/');
        return Path.Exists(Path.Combine(Repository.Root, file)) && (anchor is null || Markdown.Anchors(file).Contains(anchor));
    }
}
