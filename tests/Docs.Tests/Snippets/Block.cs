using System.Text.RegularExpressions;
using Temper.TestKit;

namespace Temper.Docs.Tests.Snippets;

/// <summary>A fenced block of a page.</summary>
/// <param name="Page">The page, below the root of the repository.</param>
/// <param name="Line">Line of the fence, from 1.</param>
/// <param name="Language">What stands behind the fence.</param>
/// <param name="Text">What it holds.</param>
/// <param name="Remark">The comment right before it, which readers do not see; null if there is none.</param>
/// <param name="Before">The last line of text before it.</param>
internal sealed partial record Block(string Page, int Line, string Language, string Text, string? Remark, string Before)
{
    private const string Fence = "```";

    /// <summary>Why a block of commands cannot run in a test; null if it can.</summary>
    public string? NotRun => Remark?.StartsWith("not run: ", StringComparison.Ordinal) == true ? Remark["not run: ".Length..] : null;

    /// <summary>The name that readers are told to save it under.</summary>
    public string? SavedAs => SaveAs().Match(Before) is { Success: true } match ? match.Groups["name"].Value : null;

    /// <summary>All blocks of a page.</summary>
    public static IReadOnlyList<Block> Of(string page)
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, page));
        var blocks = new List<Block>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal))
            {
                continue;
            }

            var end = Array.IndexOf(lines, Fence, i + 1);
            Assert.True(end > i, $"{page}:{i + 1}: the block has no end");
            var before = lines.Take(i).Reverse().Where(line => line.Length > 0).Take(2).ToList();
            var remark = before.Count > 0 && Comment().Match(before[0]) is { Success: true } match ? match.Groups["text"].Value : null;
            blocks.Add(new Block(page, i + 1, lines[i][Fence.Length..], string.Join('\n', lines[(i + 1)..end]), remark, before.ElementAtOrDefault(remark is null ? 0 : 1) ?? ""));
            i = end;
        }

        return blocks;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Page}:{Line}";

    [GeneratedRegex("^<!-- (?<text>.*) -->$")]
    private static partial Regex Comment();

    [GeneratedRegex("\\b[Ss]ave .*`(?<name>[^`]+)`.*:$")]
    private static partial Regex SaveAs();
}
