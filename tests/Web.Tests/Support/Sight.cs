using System.Collections.Concurrent;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Temper.TestKit;

namespace Temper.Web.Tests.Support;

/// <summary>
/// One browser with one page. Whatever a test does with it, disposing of it fails if the page complained in the console, threw, or sent
/// anything to somebody else than the coordinator.
/// </summary>
public sealed class Sight : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = [];

    public Sight(IBrowserContext context, IPage page, Uri address)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning" && !IsExpected(message.Text))
            {
                _complaints.Enqueue($"{page.Url}: {message.Text}");
            }
        };
        page.PageError += (_, error) =>
        {
            if (!IsExpected(error))
            {
                _complaints.Enqueue($"{page.Url}: {error}");
            }
        };
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url) is { Scheme: not "data" } to && to.Authority != address.Authority)
            {
                _complaints.Enqueue($"{page.Url} asked {request.Url}");
            }
        };
    }

    public IPage Page { get; }

    /// <summary>Parts of complaints that a test brings about on purpose.</summary>
    public List<string> Expected { get; } = [];

    public ILocator Heading => Page.Locator("h1");

    /// <summary>Goes to an address and waits until the page answers to clicks.</summary>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(path);
        await LiveAsync();
    }

    /// <summary>Waits until the page answers to clicks: its own connection is there and has drawn it anew.</summary>
    public async Task LiveAsync() => await Assertions.Expect(Page.Locator("main[data-live]")).ToBeVisibleAsync();

    public static async Task SeesAsync(ILocator what) => await Assertions.Expect(what).ToBeVisibleAsync();

    public async Task SeesAsync(string text) => await SeesAsync(Page.GetByText(text).First);

    /// <summary>Keeps what is seen, for people: under artifacts/screenshots at each run of the tests.</summary>
    public async Task KeepAsync(string name, bool isWhole = true) => await Page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Root, "artifacts", "screenshots", $"{name}-{Page.ViewportSize!.Width}.png"), FullPage = isWhole });

    /// <summary>Keeps what is seen for the README, when asked to by TEMPER_UPDATE=1.</summary>
    public async Task PublishAsync(string name, int height)
    {
        if (Environment.GetEnvironmentVariable("TEMPER_UPDATE") == "1")
        {
            await Page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Root, "docs", "images", $"{name}.png"), FullPage = true, Clip = new() { X = 0, Y = 0, Width = Page.ViewportSize!.Width, Height = height } });
        }
    }

    /// <summary>Fails if axe-core finds anything serious in what is seen.</summary>
    public async Task IsAccessibleAsync(string what)
    {
        var found = await Page.RunAxe();
        var serious = found.Violations.Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation => $"{violation.Id}: {violation.Help}\n  {string.Join("\n  ", violation.Nodes.Take(5).Select(node => node.Html))}")
            .ToList();
        Assert.True(serious.Count == 0, $"{what}:\n{string.Join('\n', serious)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        Assert.Empty(_complaints);
    }

    private bool IsExpected(string text) => Expected.Exists(part => text.Contains(part, StringComparison.Ordinal));
}
