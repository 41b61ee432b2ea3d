using System.Net.Http.Json;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Tests.Support;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Formats;

/// <summary>The events of runs and experiments, which scripts and the web page follow: their kinds and what they carry.</summary>
[Trait("kind", "integration")]
public class EventFormatTests
{
    [Fact]
    public async Task The_events_of_a_run_with_a_full_life_and_of_its_experiment()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var run = (await coordinator.SubmitAsync(workers: 1)).Id;
        var agent = coordinator.Agent("a");
        await StartAsync();
        agent.Trainer(0).Steps(1, 3).Says(new TrainerEvent.Saved(3, "step-00000003-epoch-1", Bytes: 10));
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.TrainerDied, "Killed.", null));
        await agent.BeatAsync();
        await coordinator.PassAsync(5, agent);
        await StartAsync();
        await AskAsync("pause");
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Stopped(5));
        await agent.BeatAsync();
        await AskAsync("resume");
        await StartAsync();
        agent.IsDraining = true;
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Stopped(6));
        await agent.BeatAsync();
        agent.IsDraining = false;
        await StartAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.SourcesDiffer, "The rows differ.", null));
        await agent.BeatAsync();
        await AskAsync("retry");
        await StartAsync();
        agent.Trainer(0).Steps(7, 100).Ends(new TrainerEvent.Finished(100, "model"));
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        var experiment = (await coordinator.SubmitExperimentAsync()).Id;
        using (await coordinator.PostAsync($"/api/v1/experiments/{experiment}/cancel"))
        {
        }

        await coordinator.ReconcileAsync();
        FormatFile.Is("events.txt", $"{await KindsAsync($"runs/{run}")}\n\n{await KindsAsync($"experiments/{experiment}")}");

        async Task StartAsync()
        {
            await coordinator.PassAsync(3, agent);
            agent.Trainer(0).Says(new TrainerEvent.Ready("a:1"), new TrainerEvent.Started(0, 1000, 1, "hash"));
            await agent.BeatAsync();
        }

        async Task AskAsync(string verb)
        {
            using var answer = await coordinator.PostAsync($"/api/v1/runs/{run}/{verb}");
            Assert.True(answer.IsSuccessStatusCode, $"{verb}: {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }

        async Task<string> KindsAsync(string path)
        {
            using var ask = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/{path}/events");
            ask.Headers.Accept.ParseAdd("application/json");
            using var answer = await coordinator.Http.SendAsync(ask, TestContext.Current.CancellationToken);
            var items = (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("items");
            return string.Join('\n', items.EnumerateArray()
                .Select(item => $"{string.Join(' ', item.EnumerateObject().Select(part => part.Name))}: {item.GetProperty("kind").GetString()}"
                    + (item.TryGetProperty("data", out var data) ? $" {string.Join(' ', data.EnumerateObject().Select(part => part.Name))}" : ""))
                .Distinct());
        }
    }
}
