using Microsoft.Playwright;
using Temper.TestKit;

[assembly: AssemblyFixture(typeof(Temper.Web.Tests.Support.Browser))]

namespace Temper.Web.Tests.Support;

/// <summary>Chromium of this machine, started by the first test that looks at a page; without it those are skipped by name.</summary>
public sealed class Browser : IAsyncDisposable
{
    // How long anything may take on a machine that has other things to do.
    private const float Milliseconds = 30_000;
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Opens a browser of somebody new, who knows no cookie yet.</summary>
    public async Task<Sight> OpenAsync(Uri address, int width = 1280, ColorScheme scheme = ColorScheme.Light)
    {
        var program = Repository.Tool("chromium");
        await _oneAtATime.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            Assertions.SetDefaultExpectTimeout(Milliseconds);
            _playwright ??= await Playwright.CreateAsync();
            _browser ??= await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--no-sandbox"] });
        }
        finally
        {
            _oneAtATime.Release();
        }

        var context = await _browser.NewContextAsync(new() { BaseURL = address.ToString(), ViewportSize = new() { Width = width, Height = 860 }, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        context.SetDefaultTimeout(Milliseconds);
        return new Sight(context, await context.NewPageAsync(), address);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
        _oneAtATime.Dispose();
    }
}
