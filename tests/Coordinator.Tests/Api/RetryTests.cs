using System.Net;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Api;

/// <summary>A run that has failed has given its output folder up: before it is tried again it must be its own still.</summary>
[Trait("kind", "integration")]
public class RetryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("here", "here")]
    [InlineData("here", "here/inner")]
    [InlineData("here/inner", "here")]
    public async Task A_run_whose_folder_another_one_has_taken_over_is_not_retried(string first, string second)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var failed = await FailedAsync(coordinator, first);
        coordinator.Time.Advance(TimeSpan.FromSeconds(1));
        var other = await coordinator.SubmitAsync("other", query: $"?output={second}");

        var refusal = await RefusedAsync(coordinator, $"runs/{failed.Id}");
        Assert.Equal($"'{other.Id}' has taken the output folder over: it writes to {other.OutputDirectory}, and this one to {failed.OutputDirectory}. Cancel that one, or submit this one again with another output folder.", refusal);

        // Of the one that has ended only results matter.
        await coordinator.PostAsync($"/api/v1/runs/{other.Id}/cancel");
        Directory.CreateDirectory(Path.Combine(other.OutputDirectory, "model"));
        refusal = await RefusedAsync(coordinator, $"runs/{failed.Id}");
        Assert.StartsWith($"'{other.Id}' has taken the output folder over: its results are in {other.OutputDirectory}", refusal, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(other.OutputDirectory, "model"));
        Assert.Equal(HttpStatusCode.OK, (await coordinator.PostAsync($"/api/v1/runs/{failed.Id}/retry")).StatusCode);
    }

    [Fact]
    public async Task What_was_in_the_folder_before_the_run_is_no_takeover()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var earlier = await coordinator.SubmitAsync("earlier", query: "?output=here");
        await coordinator.PostAsync($"/api/v1/runs/{earlier.Id}/cancel");
        coordinator.Time.Advance(TimeSpan.FromSeconds(1));
        var failed = await FailedAsync(coordinator, "here");
        Directory.CreateDirectory(Path.Combine(failed.OutputDirectory, "checkpoints"));

        Assert.Equal(HttpStatusCode.OK, (await coordinator.PostAsync($"/api/v1/runs/{failed.Id}/retry")).StatusCode);
    }

    [Fact]
    public async Task An_experiment_whose_folder_a_run_has_taken_over_is_not_retried()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        var experiment = await coordinator.SubmitExperimentAsync();
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.SourcesDiffer, "Other rows.", null));
        await agent.BeatAsync();
        for (var i = 0; i < 3; i++)
        {
            await coordinator.ReconcileAsync();
        }

        var folder = (await coordinator.GetAsync<ExperimentStatus>($"/api/v1/experiments/{experiment.Id}")).OutputDirectory;
        Directory.Delete(folder, recursive: true);
        var other = await coordinator.SubmitAsync("other", query: $"?output={Uri.EscapeDataString(folder)}");

        Assert.Contains($"'{other.Id}' has taken the output folder over", await RefusedAsync(coordinator, $"experiments/{experiment.Id}"), StringComparison.Ordinal);
        Assert.Contains($"'{other.Id}' has taken the output folder over", await RefusedAsync(coordinator, $"runs/{experiment.Id}-01"), StringComparison.Ordinal);
    }

    private static async Task<RunStatus> FailedAsync(CoordinatorUnderTest coordinator, string output)
    {
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync(query: $"?output={output}");
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.SourcesDiffer, "Other rows.", null));
        await agent.BeatAsync();
        var failed = await coordinator.StatusAsync(run.Id);
        Assert.Equal(RunPhase.Failed, failed.Phase);
        // The agent goes, so that nobody trains what is submitted next.
        await coordinator.PassAsync(11);
        return failed;
    }

    private static async Task<string> RefusedAsync(CoordinatorUnderTest coordinator, string what)
    {
        var response = await coordinator.PostAsync($"/api/v1/{what}/retry");
        var said = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.StatusCode == HttpStatusCode.Conflict, $"{(int)response.StatusCode}: {said}");
        return JsonDocument.Parse(said).RootElement.GetProperty("detail").GetString()!;
    }
}
