using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Temper.Contracts.Agents;
using Temper.TestKit;
using Temper.Web.Tests.Support;

namespace Temper.Web.Tests;

/// <summary>Every page, light and dark, wide and narrow.</summary>
[Trait("kind", "browser")]
public sealed class LooksTests(Browser browser)
{
    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task Nothing_keeps_anybody_from_reading_any_page(int width, ColorScheme scheme)
    {
        await using var service = await Service.StartedAsync();
        var (first, second, experiment) = await FillAsync(service);
        await using var sight = await browser.OpenAsync(service.Address, width, scheme);
        (string Name, string Path)[] pages =
        [
            ("runs", "/"), ("run", $"/runs/{first}"), ("compare", $"/compare?runs={first},{second}"), ("experiments", "/experiments"), ("experiment", $"/experiments/{experiment}"), ("queue", "/queue"),
        ];

        foreach (var (name, path) in pages)
        {
            await sight.GoAsync(path);
            await sight.IsAccessibleAsync($"{path}, {scheme}");
            var wide = await sight.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))");
            Assert.True(wide.Length == 0 && await sight.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{path} is wider than {width} px: {string.Join('\n', wide.Take(5))}");
            await sight.KeepAsync(name);
        }

        await sight.GoAsync("/submit");
        await sight.SeesAsync("This can be submitted.");
        await sight.IsAccessibleAsync($"/submit, {scheme}");
        await sight.Page.GetByLabel("Specification").FillAsync(Specs.Run().Replace("workers: 1", "workers: 3", StringComparison.Ordinal) + "\nnonsense: 1\n");
        await sight.SeesAsync("2 mistakes");
        await sight.IsAccessibleAsync($"/submit with mistakes, {scheme}");
        await sight.KeepAsync("submit");
        await sight.GoAsync($"/runs/{first}");
        await sight.Page.GetByText("Figures").First.ClickAsync();
        await Sight.SeesAsync(sight.Page.GetByRole(AriaRole.Region, new() { Name = "Figures of Training loss" }));
        await sight.IsAccessibleAsync("figures of a chart");
    }

    /// <summary>With TEMPER_UPDATE=1 they are taken anew, of runs that are really trained.</summary>
    [Fact]
    public async Task The_pictures_of_the_README_are_there_and_small()
    {
        if (Environment.GetEnvironmentVariable("TEMPER_UPDATE") == "1")
        {
            await TakeAsync();
        }

        Assert.All(["web-run", "web-compare", "web-submit"], name => Assert.InRange(new FileInfo(Path.Combine(Repository.Root, "docs", "images", $"{name}.png")).Length, 10_000, 300_000));
    }

    private async Task TakeAsync()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        service.StartAgent();
        var first = (await service.SubmitAsync(Specs.Picture("temperature-2", 2))).Id;
        var second = (await service.SubmitAsync(Specs.Picture("proportional", 1))).Id;

        await sight.GoAsync($"/runs/{second}");
        await Assertions.Expect(sight.Page.Locator(".progress b")).ToHaveTextAsync(new Regex("^(1[6-9].|[2-9]..)$"), new() { Timeout = 240_000 });
        await sight.PublishAsync("web-run", 1500);
        await Assertions.Expect(sight.Page.Locator(".head .phase")).ToContainTextAsync("Succeeded", new() { Timeout = 120_000 });
        await sight.GoAsync($"/compare?runs={first},{second}");
        await sight.SeesAsync("Loss over all tasks");
        await sight.PublishAsync("web-compare", 1420);
        await sight.GoAsync("/submit");
        await sight.SeesAsync("This can be submitted.");
        await sight.PublishAsync("web-submit", 860);
    }

    private static async Task<(string First, string Second, string Experiment)> FillAsync(Service service)
    {
        var first = (await service.SubmitAsync(Specs.Run("base-lr2e-3", steps: 120))).Id;
        var second = (await service.SubmitAsync(Specs.Run("wider", steps: 120).Replace("d_model: 16", "d_model: 32", StringComparison.Ordinal))).Id;
        var experiment = (await service.SubmitExperimentAsync(Specs.Experiment())).Id;
        SamplePrediction[] samples = [new("translate month English to German: March", "März", "März"), new("translate month English to French: August", "août", "aoûte")];
        await service.RecordAsync(first, Specs.Steps(1, 90), [Specs.Evaluation(30, "months", 22, samples), Specs.Evaluation(60, "months", 61, samples), Specs.Evaluation(90, "months", 74.5, samples), Specs.Evaluation(30, "arithmetic", 2.5), Specs.Evaluation(60, "arithmetic", 11), Specs.Evaluation(90, "arithmetic", 19.5)]);
        await service.RecordAsync(second, Specs.Steps(1, 70, 0.25), [Specs.Evaluation(60, "months", 81, samples), Specs.Evaluation(60, "arithmetic", 26)]);
        return (first, second, experiment);
    }
}
