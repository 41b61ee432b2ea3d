using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Temper.Web.Tests.Support;

namespace Temper.Web.Tests;

/// <summary>What the page's addresses answer, seen without a browser.</summary>
public sealed class AnswersTests(AnswersTests.Shared shared) : IClassFixture<AnswersTests.Shared>
{
    private readonly Service _service = shared.Service;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/queue")]
    [InlineData("/signin")]
    [InlineData("/nosuchpage")]
    public async Task Pages_run_and_load_only_what_comes_from_here_and_stand_in_no_frame(string path)
    {
        using var answer = await GetAsync(_service, path, "text/html");

        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'; script-src 'self'; style-src 'self'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task Reports_are_there_at_any_time_and_stand_in_no_frame_either()
    {
        var run = (await _service.SubmitAsync(Specs.Run())).Id;
        var experiment = (await _service.SubmitExperimentAsync(Specs.Experiment())).Id;

        foreach (var path in new[] { $"/runs/{run}/report.html", $"/runs/{run}/report.json", $"/experiments/{experiment}/report.html", $"/experiments/{experiment}/report.json" })
        {
            using var answer = await GetAsync(_service, path, "text/html");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("default-src 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
            Assert.Contains("frame-ancestors 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        }
    }

    [Fact]
    public async Task The_report_of_an_experiment_links_to_reports_that_are_there()
    {
        var experiment = (await _service.SubmitExperimentAsync(Specs.Experiment())).Id;
        using (await _service.Http.PostAsync($"/api/v1/experiments/{experiment}/cancel", null, Ct))
        {
        }

        using var answer = await GetAsync(_service, $"/api/v1/experiments/{experiment}/report", "text/html");
        var links = Regex.Matches((await answer.Content.ReadAsStringAsync(Ct)).Split("<script")[0], "href=\"([^\"]+)\"").Select(match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(links);
        foreach (var link in links)
        {
            using var report = await GetAsync(_service, new Uri(answer.RequestMessage!.RequestUri!, link).PathAndQuery, "text/html");
            Assert.Equal(HttpStatusCode.OK, report.StatusCode);
        }
    }

    [Fact]
    public async Task What_pages_load_is_kept_for_ever_under_an_address_of_its_content()
    {
        var html = System.Net.WebUtility.HtmlDecode(await _service.Http.GetStringAsync("/", Ct));
        var assets = Regex.Matches(html, "/assets/[^\"]+").Select(match => match.Value).Distinct().ToList();

        Assert.Equal(4, assets.Count);
        foreach (var path in assets)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.AcceptEncoding.Add(new("br"));
            using var answer = await _service.Http.SendAsync(request, Ct);
            Assert.Equal((HttpStatusCode.OK, true, "br"), (answer.StatusCode, answer.Headers.CacheControl!.Extensions.Any(part => part.Name == "immutable"), Assert.Single(answer.Content.Headers.ContentEncoding)));
            using var again = new HttpRequestMessage(HttpMethod.Get, path);
            again.Headers.AcceptEncoding.Add(new("br"));
            again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
            using var unchanged = await _service.Http.SendAsync(again, Ct);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        }

        using var other = await _service.Http.GetAsync(assets[0].Split('?')[0], Ct);
        Assert.True(other.Headers.CacheControl!.NoCache);
        using var none = await _service.Http.GetAsync("/assets/nosuch.js", Ct);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Theory]
    [InlineData("/runs/nosuchrun", "run_not_found")]
    [InlineData("/experiments/nosuch", "experiment_not_found")]
    [InlineData("/runs/nosuchrun/report.html", "run_not_found")]
    [InlineData("/nosuchpage", "not_found")]
    public async Task Programs_are_refused_as_REST_refuses(string path, string cause)
    {
        using var answer = await GetAsync(_service, path, "*/*");

        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains(cause, await answer.Content.ReadAsStringAsync(Ct));
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "http://evil.example")]
    public async Task Without_keys_pages_from_elsewhere_reach_neither_page_nor_connection(string header, string value)
    {
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/"), (HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1") })
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Add(header, value);
            using var answer = await _service.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    private static async Task<HttpResponseMessage> GetAsync(Service service, string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        return await service.Http.SendAsync(request, Ct);
    }

    /// <summary>One coordinator for all of them: they only look, each at what it has submitted.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        public Service Service { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Service = await Service.StartedAsync();

        public ValueTask DisposeAsync() => Service.DisposeAsync();
    }
}
