using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Api;

[Trait("kind", "integration")]
public class RolesTests
{
    /// <summary>Endpoints that ask for something else than a viewer's key for GET and a submitter's for the rest. Others need no entry.</summary>
    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["GET /health/live"] = "nothing",
        ["GET /health/ready"] = "nothing",
        ["GET /openapi/{documentName}.json"] = "nothing",
        ["GET /assets/{name}"] = "nothing",
        ["GET /favicon.ico"] = "nothing",
        ["GET /session"] = "nothing",
        ["POST /session"] = "nothing",
        ["POST /session/end"] = "nothing",
        ["GET /signin"] = "nothing",
        ["GET /api/v1/agents/gateways"] = "token",
        ["POST /api/v1/experiments:validate"] = "viewer",
        ["POST /api/v1/runs:validate"] = "viewer",
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_endpoint_lets_in_whom_it_should_and_nobody_else()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var shown = new Dictionary<string, string?>
        {
            ["nothing"] = null,
            ["a revoked key"] = await RevokedAsync(coordinator),
            ["a wrong key"] = "tmp_" + new string('0', 64),
            ["token"] = CoordinatorUnderTest.Token,
            ["viewer"] = (await coordinator.KeyAsync(Role.Viewer)).Secret,
            ["submitter"] = (await coordinator.KeyAsync(Role.Submitter)).Secret,
            ["admin"] = (await coordinator.KeyAsync(Role.Admin)).Secret,
        };
        var routes = Route.Of(coordinator);
        Assert.Empty(Exceptions.Keys.Except(routes.Select(route => route.ToString())));

        foreach (var route in routes)
        {
            var needed = Exceptions.GetValueOrDefault(route.ToString(), route.Method == "GET" ? "viewer" : "submitter");
            foreach (var (holder, secret) in shown)
            {
                var (status, cause, detail, challenge) = await CallAsync(coordinator, route, secret);
                var answer = (status, cause) switch
                {
                    (HttpStatusCode.Unauthorized, "unauthorized") when challenge == "Bearer" => "unknown",
                    (HttpStatusCode.Forbidden, "role") when detail.Contains($"the role {holder}", StringComparison.Ordinal) && detail.Contains($"needs {needed}", StringComparison.Ordinal) => "forbidden",
                    (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) => "refused in another way",
                    _ => "let in",
                };
                Assert.True(Expected(needed, holder) == answer, $"{route}, which needs {needed}, called with {holder}: {answer}, {status} {detail}");
            }
        }
    }

    [Fact]
    public async Task Beyond_loopback_a_coordinator_starts_once_there_is_a_key_that_is_not_revoked()
    {
        await using var coordinator = new CoordinatorUnderTest();
        var options = new CoordinatorOptions { StateDirectory = coordinator.StateDirectory, OutputRoot = coordinator.Output, DataRoots = [coordinator.Data], AgentToken = "t", Url = "http://0.0.0.0:0" };
        await coordinator.RevokeAsync((await coordinator.KeyAsync(Role.Admin)).Id);
        Assert.Contains("temper key create", Assert.Throws<ArgumentException>(() => CoordinatorHost.Build(options)).Message);

        await coordinator.KeyAsync(Role.Viewer);
        await CoordinatorHost.Build(options).DisposeAsync();
    }

    private static string Expected(string needed, string holder) => (needed, holder) switch
    {
        ("nothing", _) => "let in",
        ("token", "token") => "let in",
        ("token", _) => "unknown",
        (_, "admin") => "let in",
        ("viewer" or "submitter", "submitter") => "let in",
        ("viewer", "viewer") => "let in",
        (_, "viewer" or "submitter") => "forbidden",
        _ => "unknown",
    };

    private static async Task<string> RevokedAsync(CoordinatorUnderTest coordinator)
    {
        var (id, secret) = await coordinator.KeyAsync(Role.Admin);
        await coordinator.RevokeAsync(id);
        return secret;
    }

    private static async Task<(HttpStatusCode Status, string? Cause, string Detail, string? Challenge)> CallAsync(CoordinatorUnderTest coordinator, Route route, string? secret)
    {
        using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Path(_ => "none"));
        request.Headers.Authorization = secret is null ? null : new AuthenticationHeaderValue("Bearer", secret);
        using var response = await coordinator.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        var problem = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct)).RootElement
            : default;
        return problem.ValueKind == JsonValueKind.Object
            ? (response.StatusCode, problem.GetProperty("cause").GetString(), problem.GetProperty("detail").GetString() ?? "", response.Headers.WwwAuthenticate.SingleOrDefault()?.Scheme)
            : (response.StatusCode, null, "", null);
    }
}
