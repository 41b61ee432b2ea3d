using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Temper.Contracts.Agents;
using Temper.Coordinator.Web.Live;
using Temper.Web.Tests.Support;

namespace Temper.Web.Tests;

/// <summary>What a visitor of a coordinator without keys sees and does.</summary>
[Trait("kind", "browser")]
public sealed class PageTests(Browser browser)
{
    private const string Hostile = "<img src=x onerror=alert(1)> \u202Egnp.exe";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_spec_is_mended_submitted_watched_to_its_end_and_compared()
    {
        await using var service = await Service.StartedAsync();
        service.StartAgent();
        await using var sight = await browser.OpenAsync(service.Address);
        var page = sight.Page;

        await sight.GoAsync("/submit");
        await page.GetByLabel("Specification").FillAsync(Specs.Run().Replace("batch: 8\n  input", "batch: many\n  input", StringComparison.Ordinal));
        await sight.SeesAsync("1 mistake");
        await Sight.SeesAsync(page.GetByRole(AriaRole.Button, new() { Name = "line 10 · training.batch" }));
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Submit the run" })).ToBeDisabledAsync();
        await page.GetByLabel("Specification").FillAsync(Specs.Run("first", steps: 400));
        await sight.SeesAsync("This can be submitted.");
        await Sight.SeesAsync(page.GetByText("Training FLOPs"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit the run" }).ClickAsync();

        await Assertions.Expect(sight.Heading).ToHaveTextAsync("first");
        await page.WaitForURLAsync(new Regex("/runs/[0-9a-z]{10}$"));
        var first = page.Url.Split('/')[^1];
        var done = page.Locator(".progress b");
        await Assertions.Expect(page.Locator("svg.plot").First).ToBeVisibleAsync(new() { Timeout = 300_000 });
        await Assertions.Expect(done).Not.ToHaveTextAsync("0");
        await Assertions.Expect(page.Locator(".head .phase")).ToContainTextAsync("Succeeded", new() { Timeout = 300_000 });
        await Assertions.Expect(done).ToHaveTextAsync("400");
        await Sight.SeesAsync(page.GetByRole(AriaRole.Heading, new() { Name = "Sample predictions" }));
        await sight.SeesAsync("The checkpoint of step 400 is whole.");
        await Assertions.Expect(page.GetByRole(AriaRole.Group, new() { Name = "Commands" })).ToHaveCountAsync(0);

        await page.GetByRole(AriaRole.Link, new() { Name = "Report", Exact = true }).ClickAsync();
        await Assertions.Expect(page).ToHaveTitleAsync("first: Succeeded");
        await sight.SeesAsync("Made all 400 steps on 1 worker");

        var second = (await service.SubmitAsync(Specs.Run("second", more: "seed: 18"))).Id;
        await sight.GoAsync("/");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = $"Compare second {second}" }).CheckAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = $"Compare first {first}" }).CheckAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Compare 2 runs" }).ClickAsync();
        await page.WaitForURLAsync($"**/compare?runs={second},{first}");
        await Assertions.Expect(page.Locator("#total-loss-t")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("figure", new() { HasText = "Loss over all tasks" }).Locator("svg.plot path.line[d^=M]")).ToHaveCountAsync(2, new() { Timeout = 300_000 });
        await Sight.SeesAsync(page.GetByRole(AriaRole.Row, new() { Name = "seed 18 17" }));
        await page.GetByRole(AriaRole.Link, new() { Name = "FLOPs", Exact = true }).ClickAsync();
        await Sight.SeesAsync(page.Locator("figure", new() { HasTextRegex = new Regex("over 10.+ FLOPs") }).First);
        await page.WaitForURLAsync("**&over=flops");
    }

    [Fact]
    public async Task The_queue_says_for_what_a_run_waits()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        await service.SubmitAsync(Specs.Run("waits", more: "priority: 70"));

        await sight.GoAsync("/queue");
        var row = sight.Page.GetByRole(AriaRole.Region, new() { Name = "Waiting runs" }).GetByRole(AriaRole.Row).Last;
        await Assertions.Expect(row).ToContainTextAsync("waits");
        await Assertions.Expect(row).ToContainTextAsync("70");
        await Assertions.Expect(row).ToContainTextAsync("Waits for an agent: it needs 1 slot, and no agent is connected.");
        await sight.SeesAsync("No agent was heard.");

        service.StartAgent();
        await Sight.SeesAsync(sight.Page.GetByRole(AriaRole.Row, new() { Name = "one" }));
        await sight.SeesAsync("Nobody waits.");
    }

    [Fact]
    public async Task A_run_is_paused_resumed_and_cancelled_from_its_page()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        var run = await service.SubmitAsync(Specs.Run());
        var phase = sight.Page.Locator(".head .phase");

        await sight.GoAsync($"/runs/{run.Id}");
        await sight.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(phase).ToContainTextAsync("Paused");
        await sight.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Assertions.Expect(phase).ToContainTextAsync("Queued");
        await sight.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel …" }).ClickAsync();
        await sight.SeesAsync("It ends for good, without a checkpoint.");
        await Assertions.Expect(sight.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel the run" })).ToBeFocusedAsync();
        await sight.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(phase).ToContainTextAsync("Cancelled");
    }

    [Fact]
    public async Task What_comes_from_models_and_users_is_shown_as_text()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        var run = await service.SubmitAsync(Specs.Run());
        await service.RecordAsync(run.Id, Specs.Steps(1, 20), [Specs.Evaluation(20, "months", 50, new SamplePrediction(Hostile, Hostile, Hostile))]);

        await sight.GoAsync($"/runs/{run.Id}");
        await Assertions.Expect(sight.Page.Locator(".sample .text").First).ToHaveTextAsync("<img src=x onerror=alert(1)> ⟨U+202E⟩gnp.exe");
        await Assertions.Expect(sight.Page.Locator("main img")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task New_rows_appear_by_themselves_and_nothing_is_read_when_nobody_looks()
    {
        await using var service = await Service.StartedAsync();
        var feeds = service.Services.GetRequiredService<Feeds>();
        var run = await service.SubmitAsync(Specs.Run());
        await service.RecordAsync(run.Id, Specs.Steps(1, 5), []);
        await using var sight = await browser.OpenAsync(service.Address);
        await sight.GoAsync($"/runs/{run.Id}");
        await Assertions.Expect(sight.Page.Locator(".progress b")).ToHaveTextAsync("5");
        var line = sight.Page.Locator("figure", new() { HasText = "Training loss" }).Locator("svg.plot path.line").Last;
        var before = await line.GetAttributeAsync("d");
        await service.RecordAsync(run.Id, Specs.Steps(6, 30), []);
        await Assertions.Expect(sight.Page.Locator(".progress b")).ToHaveTextAsync("30");
        await Assertions.Expect(line).Not.ToHaveAttributeAsync("d", before!);
        Assert.Equal(1, feeds.Count);

        // Another page in the same window. Of a browser that goes without a word the server keeps the page for some minutes, should it come back.
        await sight.Page.GetByRole(AriaRole.Link, new() { Name = "Submit", Exact = true }).ClickAsync();
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("Submit");
        await Until(() => feeds.Count == 0, "nothing is read any more");
    }

    [Fact]
    public async Task A_page_says_that_the_coordinator_is_away_and_comes_back_with_it()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        // While nobody answers, browser and Blazor say so in many words.
        sight.Expected.Add("");
        var run = await service.SubmitAsync(Specs.Run("survivor"));
        await sight.GoAsync($"/runs/{run.Id}");

        await service.StopAsync();
        await sight.SeesAsync("The connection to the coordinator is lost");
        await service.StartAsync();
        await Assertions.Expect(sight.Page.Locator("#components-reconnect-modal")).ToBeHiddenAsync(new() { Timeout = 45_000 });
        await sight.LiveAsync();
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("survivor");
        await sight.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(sight.Page.Locator(".head .phase")).ToContainTextAsync("Paused");
    }

    [Theory]
    [InlineData("/runs/nosuchrun", "There is no run ‘nosuchrun’")]
    [InlineData("/experiments/nosuch", "There is no experiment ‘nosuch’")]
    [InlineData("/nosuchpage", "There is nothing here")]
    public async Task What_is_not_there_has_a_page_that_says_so(string path, string heading)
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        sight.Expected.Add("status of 404");

        var answer = await sight.Page.GotoAsync(path);
        Assert.Equal(404, answer!.Status);
        await Assertions.Expect(sight.Heading).ToHaveTextAsync(heading);
        await sight.IsAccessibleAsync(path);
    }

    [Fact]
    public async Task Everything_can_be_reached_and_done_by_keyboard()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        var page = sight.Page;
        await service.SubmitAsync(Specs.Run("byhand"));

        await sight.GoAsync("/");
        await page.Locator("body").PressAsync("Tab");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" })).ToBeFocusedAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" })).ToBeInViewportAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("main")).ToBeFocusedAsync();
        await FocusAsync(page, page.GetByRole(AriaRole.Link, new() { Name = "byhand" }));
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("byhand");
        await Assertions.Expect(sight.Heading).ToBeFocusedAsync();
        await FocusAsync(page, page.GetByRole(AriaRole.Button, new() { Name = "Pause" }));
        Assert.NotEqual("none", await page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        await page.Keyboard.PressAsync("Space");
        await Assertions.Expect(page.Locator(".head .phase")).ToContainTextAsync("Paused");
    }

    [Fact]
    public async Task Colours_follow_the_system_or_the_switch_which_is_remembered()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address, scheme: ColorScheme.Dark);
        const string Dark = "rgb(20, 23, 26)";
        const string Light = "rgb(253, 253, 252)";

        await sight.GoAsync("/");
        await Assertions.Expect(sight.Page.Locator("body")).ToHaveCSSAsync("background-color", Dark);
        var theme = sight.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^Colours") });
        await Assertions.Expect(theme).ToHaveAccessibleNameAsync("Colours: as the system");
        await theme.ClickAsync();
        await Assertions.Expect(sight.Page.Locator("body")).ToHaveCSSAsync("background-color", Light);
        await sight.GoAsync("/queue");
        await Assertions.Expect(sight.Page.Locator("body")).ToHaveCSSAsync("background-color", Light);
        await Assertions.Expect(theme).ToHaveAccessibleNameAsync("Colours: light");
        await theme.ClickAsync();
        await Assertions.Expect(sight.Page.Locator("body")).ToHaveCSSAsync("background-color", Dark);
        await theme.ClickAsync();
        await Assertions.Expect(theme).ToHaveAccessibleNameAsync("Colours: as the system");
    }

    [Fact]
    public async Task Runs_are_filtered_by_phase_and_name_with_an_address_that_can_be_passed_on()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        var page = sight.Page;
        var paused = await service.SubmitAsync(Specs.Run("resting"));
        await service.SubmitAsync(Specs.Run("other"));
        using (await service.Http.PostAsync($"/api/v1/runs/{paused.Id}/pause", null, Ct))
        {
        }

        await sight.GoAsync("/");
        await sight.SeesAsync("2 runs: 1 queued, 1 paused.");
        await page.GetByLabel("Phase").SelectOptionAsync("paused");
        await sight.SeesAsync("1 run: 1 paused.");
        await page.WaitForURLAsync("**/runs?phase=paused");
        await page.GetByLabel("Name").FillAsync("nobody");
        await page.GetByRole(AriaRole.Button, new() { Name = "Filter" }).ClickAsync();
        await sight.SeesAsync("No run is like this.");
        await sight.GoAsync("/runs?name=other");
        await sight.SeesAsync("1 run: 1 queued.");
    }

    [Fact]
    public async Task An_experiment_shows_its_runs_and_a_report_whose_links_lead_to_theirs()
    {
        await using var service = await Service.StartedAsync();
        await using var sight = await browser.OpenAsync(service.Address);
        var experiment = await service.SubmitExperimentAsync(Specs.Experiment());
        using (await service.Http.PostAsync($"/api/v1/experiments/{experiment.Id}/cancel", null, Ct))
        {
        }

        await sight.GoAsync("/experiments");
        await sight.Page.GetByRole(AriaRole.Link, new() { Name = "together" }).ClickAsync();
        await sight.SeesAsync("Are two better than one?");
        await Sight.SeesAsync(sight.Page.GetByRole(AriaRole.Region, new() { Name = "Results" }));
        await Assertions.Expect(sight.Page.Locator(".head .phase")).ToContainTextAsync("Cancelled");
        await sight.Page.GetByRole(AriaRole.Link, new() { Name = "Report with plots" }).ClickAsync();
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("together");
        await sight.Page.GetByRole(AriaRole.Region, new() { Name = "Runs" }).GetByRole(AriaRole.Link).First.ClickAsync();
        await sight.Page.WaitForURLAsync(new Regex("/runs/[^/]+/report.html$"));
        await sight.SeesAsync("Temper run report");
    }

    // By Tab alone, as somebody without a mouse comes there.
    private static async Task FocusAsync(IPage page, ILocator what)
    {
        await Assertions.Expect(what).ToHaveCountAsync(1);
        for (var i = 0; i < 60; i++)
        {
            if (await what.EvaluateAsync<bool>("element => element === document.activeElement"))
            {
                return;
            }

            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"{what} is not reached by Tab.");
    }

    private static async Task Until(Func<bool> holds, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (!holds())
        {
            Assert.False(limit.IsCancellationRequested, $"this did not come true: {what}");
            await Task.Delay(20, Ct);
        }
    }
}
