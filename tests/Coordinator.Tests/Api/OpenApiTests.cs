using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Temper.Coordinator.Tests.Support;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Api;

/// <summary>The interface as it is described: on paper, by the coordinator, and by what it does.</summary>
[Trait("kind", "integration")]
public class OpenApiTests(SharedCoordinator shared) : IClassFixture<SharedCoordinator>
{
    /// <summary>How each operation is called so that it succeeds. A new operation needs one line here.</summary>
    private static readonly Dictionary<string, Func<CoordinatorUnderTest, Task<Call>>> Calls = new()
    {
        ["CancelExperiment"] = OnAnExperiment,
        ["CancelRun"] = OnARun,
        ["GetExperiment"] = OnAnExperiment,
        ["GetExperimentEvents"] = OnAnExperiment,
        ["GetExperimentPlan"] = OnAnExperiment,
        ["GetExperimentReport"] = OnAnExperiment,
        ["GetExperimentSpec"] = OnAnExperiment,
        ["GetGateways"] = _ => Task.FromResult(new Call(Bearer: CoordinatorUnderTest.Token)),
        ["GetRun"] = OnARun,
        ["GetRunEvents"] = OnARun,
        ["GetRunMetrics"] = OnARun,
        ["GetRunPlan"] = OnARun,
        ["GetRunSpec"] = OnARun,
        ["ListAgents"] = Plain,
        ["ListExperiments"] = Plain,
        ["ListRuns"] = Plain,
        ["PauseExperiment"] = OnAnExperiment,
        ["PauseRun"] = OnARun,
        ["ResumeExperiment"] = OnAnExperiment,
        ["ResumeRun"] = OnAPausedRun,
        ["RetryExperiment"] = OnAnExperiment,
        ["RetryRun"] = OnARun,
        ["SubmitExperiment"] = WithAnExperiment,
        ["SubmitRun"] = WithASpec,
        ["ValidateExperiment"] = WithAnExperiment,
        ["ValidateRun"] = WithASpec,
    };

    private readonly CoordinatorUnderTest _coordinator = shared.Coordinator;

    public static TheoryData<string> Operations => [.. Calls.Keys];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>With TEMPER_UPDATE=1 the file is written instead: a change of the interface is a change of that file.</summary>
    [Fact]
    public async Task The_description_in_the_repository_is_that_of_the_coordinator()
    {
        var file = Path.Combine(Repository.Root, "docs", "openapi.json");
        var served = await _coordinator.Http.GetStringAsync("/openapi/v1.json", Ct) + "\n";
        if (Environment.GetEnvironmentVariable("TEMPER_UPDATE") == "1")
        {
            await File.WriteAllTextAsync(file, served, Ct);
        }

        Assert.True(
            File.Exists(file) && await File.ReadAllTextAsync(file, Ct) == served,
            "docs/openapi.json is not what the coordinator serves. Run this test with TEMPER_UPDATE=1 and look at what has changed in the file.");
    }

    [Fact]
    public async Task Every_operation_is_called_by_the_test_below()
    {
        var described = (await DescribedAsync()).Keys.Order(StringComparer.Ordinal);

        Assert.Equal(described, Calls.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task An_operation_answers_with_a_success_that_its_description_names(string operation)
    {
        var (method, path, responses) = (await DescribedAsync())[operation];
        var call = await Calls[operation](_coordinator);
        using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", call.Id, StringComparison.Ordinal));
        request.Headers.Authorization = call.Bearer is null ? null : new AuthenticationHeaderValue("Bearer", call.Bearer);
        request.Content = call.Yaml is null ? null : new StringContent(call.Yaml, Encoding.UTF8, "application/yaml");

        // A stream of events has no end as long as the run has none.
        using var response = await _coordinator.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        Assert.True(response.IsSuccessStatusCode && responses.Contains(status), $"{method} {request.RequestUri}: {status}, described are {string.Join(", ", responses)}");
    }

    private static Task<Call> Plain(CoordinatorUnderTest coordinator) => Task.FromResult(new Call());

    private static Task<Call> WithASpec(CoordinatorUnderTest coordinator) => Task.FromResult(new Call(Yaml: CoordinatorUnderTest.Yaml("described")));

    private static Task<Call> WithAnExperiment(CoordinatorUnderTest coordinator) => Task.FromResult(new Call(Yaml: CoordinatorUnderTest.Experiment("described")));

    private static async Task<Call> OnAnExperiment(CoordinatorUnderTest coordinator) => new((await coordinator.SubmitExperimentAsync("described")).Id);

    private static async Task<Call> OnARun(CoordinatorUnderTest coordinator) => new((await coordinator.SubmitAsync("described")).Id);

    private static async Task<Call> OnAPausedRun(CoordinatorUnderTest coordinator)
    {
        var call = await OnARun(coordinator);
        using var paused = await coordinator.PostAsync($"/api/v1/runs/{call.Id}/pause");
        Assert.True(paused.IsSuccessStatusCode);
        return call;
    }

    private async Task<Dictionary<string, (string Method, string Path, List<string> Responses)>> DescribedAsync() =>
        (await _coordinator.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (
                Id: operation.Value.GetProperty("operationId").GetString()!,
                Method: operation.Name.ToUpperInvariant(),
                Path: path.Name,
                Responses: operation.Value.GetProperty("responses").EnumerateObject().Select(response => response.Name).ToList())))
            .ToDictionary(operation => operation.Id, operation => (operation.Method, operation.Path, operation.Responses));

    /// <param name="Id">What stands for {id} in the path.</param>
    /// <param name="Yaml">The body.</param>
    /// <param name="Bearer">The key or token that is shown.</param>
    private sealed record Call(string? Id = null, string? Yaml = null, string? Bearer = null);
}
