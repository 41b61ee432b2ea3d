using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using Microsoft.Playwright;
using Temper.Coordinator.Store;
using Temper.Web.Tests.Support;

namespace Temper.Web.Tests;

/// <summary>A coordinator with keys: who may see and do what.</summary>
[Trait("kind", "browser")]
public sealed class SignInTests(Browser browser)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_viewer_looks_and_changes_nothing_until_the_key_is_revoked()
    {
        await using var service = await Service.StartedAsync();
        var run = await service.SubmitAsync(Specs.Run("seen"));
        var key = await service.KeyAsync(Role.Viewer);
        await using var sight = await browser.OpenAsync(service.Address);
        var page = sight.Page;

        await page.GotoAsync($"/runs/{run.Id}");
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("Sign in");
        await SignInAsync(page, "tmp_wrong");
        await sight.SeesAsync("No such API key, or it was revoked.");
        await SignInAsync(page, key.Secret);
        await page.WaitForURLAsync($"**/runs/{run.Id}");
        await sight.LiveAsync();
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("seen");
        await sight.SeesAsync("viewer");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Pause" })).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Submit", Exact = true })).ToHaveCountAsync(0);
        Assert.DoesNotContain(key.Secret, await page.EvaluateAsync<string>("document.cookie + JSON.stringify(localStorage) + document.documentElement.outerHTML"), StringComparison.Ordinal);

        await sight.GoAsync("/submit");
        await sight.SeesAsync("has the role viewer, which looks and changes nothing");
        await Assertions.Expect(page.GetByLabel("Specification")).ToHaveCountAsync(0);
        var report = await page.GotoAsync($"/runs/{run.Id}/report.html");
        Assert.Equal(200, report!.Status);

        await sight.GoAsync("/queue");
        await service.RevokeAsync(key.Id);
        await sight.SeesAsync("The session has ended");
    }

    [Fact]
    public async Task A_submitter_commands_and_a_key_that_was_revoked_meanwhile_commands_no_more()
    {
        await using var service = await Service.StartedAsync();
        var run = await service.SubmitAsync(Specs.Run());
        var key = await service.KeyAsync(Role.Submitter);
        await using var sight = await browser.OpenAsync(service.Address);
        await sight.Page.GotoAsync("/signin?return=/runs/" + run.Id);
        await SignInAsync(sight.Page, key.Secret);
        await sight.Page.WaitForURLAsync($"**/runs/{run.Id}");
        await sight.LiveAsync();

        await sight.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(sight.Page.Locator(".head .phase")).ToContainTextAsync("Paused");
        var resume = sight.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" });
        await service.RevokeAsync(key.Id);
        // The page may notice it by itself before the click, and then there is no button.
        await resume.Or(sight.Page.GetByText("The session has ended")).First.ClickAsync(new() { Force = true });
        await sight.SeesAsync("The session has ended");
        using var other = await AdminAsync(service);
        Assert.Contains("\"phase\":\"paused\"", await other.GetStringAsync($"/api/v1/runs/{run.Id}", Ct));
    }

    [Fact]
    public async Task Signing_out_forgets_and_a_link_from_elsewhere_finds_who_is_signed_in()
    {
        await using var service = await Service.StartedAsync();
        var key = await service.KeyAsync(Role.Admin);
        await using var sight = await browser.OpenAsync(service.Address);
        await sight.Page.GotoAsync("/");
        await SignInAsync(sight.Page, key.Secret);
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("Runs");
        await sight.LiveAsync();

        // From another site the cookie is not sent: the page for signing in finds it and leads on.
        await sight.Page.GotoAsync("about:blank");
        await sight.Page.SetContentAsync($"<a href='{service.Address}queue'>link</a>");
        // Not by the mouse: on a busy machine a click on a page that was just written led nowhere once.
        await sight.Page.GetByText("link").EvaluateAsync("link => link.click()");
        await sight.Page.WaitForURLAsync("**/queue");
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("Queue");
        await sight.LiveAsync();
        await sight.Page.GetByTitle("Signed in with this API key").ClickAsync();
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("Signed in");
        await sight.SeesAsync("admin");
        await sight.IsAccessibleAsync("signed in");
        await sight.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await sight.SeesAsync("You have signed out.");
        await sight.IsAccessibleAsync("signed out");
        await sight.KeepAsync("signin");
        await sight.Page.SetViewportSizeAsync(390, 860);
        await sight.KeepAsync("signin");
        await sight.Page.GotoAsync("/queue");
        await Assertions.Expect(sight.Heading).ToHaveTextAsync("Sign in");
    }

    [Fact]
    public async Task A_session_opens_pages_reports_and_reading_but_no_change_and_nothing_from_elsewhere()
    {
        await using var service = await Service.StartedAsync();
        var run = await service.SubmitAsync(Specs.Run());
        var key = await service.KeyAsync(Role.Admin);
        var cookie = await CookieAsync(service, key.Secret);

        Assert.Equal(HttpStatusCode.OK, await SendAsync(service, HttpMethod.Get, "/", cookie));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(service, HttpMethod.Get, $"/runs/{run.Id}/report.json", cookie));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(service, HttpMethod.Get, "/api/v1/runs", cookie));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(service, HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", cookie, service.Address.ToString().TrimEnd('/')));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(service, HttpMethod.Post, $"/api/v1/runs/{run.Id}/cancel", cookie));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(service, HttpMethod.Get, "/api/v1/runs", cookie, "http://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(service, HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", cookie, "https://evil.example"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(service, HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(service, HttpMethod.Get, "/", cookie[..^4] + "AAAA"));
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(service, null, null));
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(service, cookie, "http://evil.example"));

        await service.RevokeAsync(key.Id);
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(service, HttpMethod.Get, "/", cookie));
    }

    [Fact]
    public async Task A_form_that_the_page_did_not_make_signs_nobody_in()
    {
        await using var service = await Service.StartedAsync();
        var key = await service.KeyAsync(Role.Admin);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["key"] = key.Secret, ["return"] = "/" });

        using var answer = await service.Http.PostAsync("/session", form, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("form_forged", await answer.Content.ReadAsStringAsync(Ct));
        Assert.DoesNotContain(answer.Headers, header => header.Key == "Set-Cookie" && header.Value.Any(value => value.StartsWith("temper-session", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("javascript:alert(1)")]
    public async Task After_signing_in_one_stays_here(string place)
    {
        await using var service = await Service.StartedAsync();
        var key = await service.KeyAsync(Role.Viewer);
        await using var sight = await browser.OpenAsync(service.Address);

        await sight.Page.GotoAsync($"/signin?return={Uri.EscapeDataString(place)}");
        await SignInAsync(sight.Page, key.Secret);

        await Assertions.Expect(sight.Heading).ToHaveTextAsync("Runs");
        Assert.Equal(service.Address, new Uri(sight.Page.Url));
    }

    private static async Task SignInAsync(IPage page, string secret)
    {
        await page.GetByLabel("API key").FillAsync(secret);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    private static async Task<HttpClient> AdminAsync(Service service)
    {
        var client = new HttpClient { BaseAddress = service.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await service.KeyAsync(Role.Admin)).Secret);
        return client;
    }

    // As a browser does it: the form is fetched, and what it holds is sent.
    private static async Task<string> CookieAsync(Service service, string secret)
    {
        using var shown = await service.Http.GetAsync("/signin", Ct);
        var html = await shown.Content.ReadAsStringAsync(Ct);
        var token = html.Split("name=\"__RequestVerificationToken\" value=\"")[1].Split('"')[0];
        using var request = new HttpRequestMessage(HttpMethod.Post, "/session") { Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["key"] = secret, ["__RequestVerificationToken"] = token }) };
        request.Headers.Add("Cookie", shown.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]));
        using var answer = await service.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        var set = answer.Headers.GetValues("Set-Cookie").Single(cookie => cookie.StartsWith("temper-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", set, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", set, StringComparison.OrdinalIgnoreCase);
        return set.Split(';')[0];
    }

    private static async Task<HttpStatusCode> SendAsync(Service service, HttpMethod method, string path, string? cookie, string? origin = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        using var answer = await service.Http.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    private static async Task ConnectAsync(Service service, string? cookie, string? origin)
    {
        using var socket = new ClientWebSocket();
        if (cookie is not null)
        {
            socket.Options.SetRequestHeader("Cookie", cookie);
        }

        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
        }

        await socket.ConnectAsync(new Uri($"ws://{service.Address.Authority}/_blazor?id=x"), Ct);
    }
}
