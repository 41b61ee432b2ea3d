using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core.Internal;
using Prometheus;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Observability;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Runs.Metrics;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Observability;

[Trait("kind", "integration")]
public class CoordinatorMetricsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_that_loses_a_trainer_is_counted_from_its_wait_to_its_end()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var run = (await coordinator.SubmitAsync()).Id;
        await coordinator.PassAsync(20);
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        await coordinator.PassAsync(3, agent);
        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), Started(0)).Steps(1, 10).Says(new TrainerEvent.Saved(5, "e1-s5", Seconds: 0.2, Bytes: 1000));
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.TrainerDied, "Killed.", null));
        await agent.BeatAsync();
        await coordinator.PassAsync(4, agent);
        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), Started(5)).Steps(6, 12);
        await agent.BeatAsync();

        var metrics = await MetricsAsync(coordinator);
        Shows(metrics, "temper_queue_wait_duration_seconds_sum{reason=\"no_agent\"} 20");
        Shows(metrics, "temper_gang_admission_duration_seconds_count 2");
        Shows(metrics, "temper_recoveries_total{cause=\"trainer_died\"} 1");
        Shows(metrics, "temper_recovery_duration_seconds_sum{cause=\"trainer_died\"} 4");
        Shows(metrics, "temper_steps_total 17");
        Shows(metrics, "temper_lost_steps_total 5");
        Shows(metrics, "temper_checkpoint_duration_seconds_sum 0.2");
        Shows(metrics, "temper_checkpoint_bytes_total 1000");
        Shows(metrics, "temper_run_transitions_total{from=\"running\",to=\"recovering\"} 1");
        Shows(metrics, "temper_run_transitions_total{from=\"recovering\",to=\"starting\"} 1");
        Shows(metrics, $"temper_run_step{{run=\"{run}\"}} 12");
        Shows(metrics, $"temper_run_recoveries{{run=\"{run}\"}} 1");
        Shows(metrics, $"temper_run_task_share{{run=\"{run}\",task=\"mood\",of=\"examples\"}} 1");
        Shows(metrics, $"temper_run_task_target_rate{{run=\"{run}\",task=\"mood\"}} 1");

        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.NonFinite, "The loss is NaN.", null));
        await agent.BeatAsync();

        metrics = await MetricsAsync(coordinator);
        Shows(metrics, "temper_nonfinite_steps_total 1");
        Shows(metrics, "temper_run_failures_total{cause=\"non_finite\"} 1");
        Assert.DoesNotContain($"run=\"{run}\"", metrics);
    }

    [Fact]
    public async Task Use_of_the_devices_is_told_as_soon_as_their_peak_is_known()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = (await coordinator.SubmitAsync()).Id;
        await agent.BeatAsync();
        var row = FakeTrainer.Row(1) with { Flops = 50, UnpaddedFlops = 25 };
        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), Started(0, peakFlops: 1000), new TrainerEvent.StepDone(row));
        await agent.BeatAsync();

        var metrics = await MetricsAsync(coordinator);
        Shows(metrics, $"temper_run_mfu_ratio{{run=\"{run}\",padding=\"without\"}} 0.25");
        Shows(metrics, $"temper_run_mfu_ratio{{run=\"{run}\",padding=\"with\"}} 0.5");
    }

    [Fact]
    public async Task Who_loses_a_run_or_the_pool_shows_it_no_more()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = (await coordinator.SubmitAsync()).Id;
        await agent.BeatAsync();
        var before = await MetricsAsync(coordinator);
        Shows(before, $"temper_run_workers{{run=\"{run}\"}} 1");
        Shows(before, "temper_agent_up{agent=\"a\"} 1");

        var grains = coordinator.Services.GetRequiredService<IGrainFactory>();
        await grains.GetGrain<IRunGrain>(run).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        await EventuallyAsync(async () => await MetricsAsync(coordinator) is var text && !text.Contains("temper_run_workers{") && !text.Contains("temper_agent_up{") && !text.Contains("temper_slots{"));

        // What the store says is shown by all.
        Shows(await MetricsAsync(coordinator), "temper_runs{phase=\"starting\"} 1");
        await agent.BeatAsync();
        await coordinator.Reconciler.TickAsync();
        Shows(await MetricsAsync(coordinator), $"temper_run_workers{{run=\"{run}\"}} 1");
        Shows(await MetricsAsync(coordinator), "temper_agent_up{agent=\"a\"} 1");
    }

    [Fact]
    public async Task A_paused_run_is_shown_no_more_and_an_experiment_until_it_ends()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var experiment = (await coordinator.SubmitExperimentAsync()).Id;
        var run = (await coordinator.SubmitAsync()).Id;
        await agent.BeatAsync();
        await coordinator.PostAsync($"/api/v1/runs/{run}/pause");

        var metrics = await MetricsAsync(coordinator);
        Assert.DoesNotContain($"run=\"{run}\"", metrics);
        Shows(metrics, $"temper_experiment_progress_ratio{{experiment=\"{experiment}\"}} 0");
        Shows(metrics, $"temper_experiment_runs{{experiment=\"{experiment}\",state=\"open\"}} 5");
        Shows(metrics, "temper_experiments{phase=\"running\"} 1");
        Shows(metrics, "temper_queue_waiting_runs{reason=\"parents\"} 4");

        await coordinator.PostAsync($"/api/v1/experiments/{experiment}/cancel");
        await agent.BeatAsync();
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        Assert.DoesNotContain($"experiment=\"{experiment}\"", await MetricsAsync(coordinator));
    }

    [Fact]
    public async Task Requests_are_told_apart_by_the_template_of_their_route()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        await coordinator.Http.GetAsync("/api/v1/runs/first", Ct);
        await coordinator.Http.GetAsync("/api/v1/runs/second", Ct);
        await coordinator.Http.GetAsync("/api/v1/runs?limit=many", Ct);
        await coordinator.Http.GetAsync("/nothing/here", Ct);
        await coordinator.Http.SendAsync(new HttpRequestMessage(new HttpMethod("BREW"), "/api/v1/runs"), Ct);

        var metrics = await MetricsAsync(coordinator);
        Shows(metrics, "temper_http_request_duration_seconds_count{route=\"/api/v1/runs/{id}\",method=\"GET\",code=\"404\"} 2");
        Shows(metrics, "temper_http_request_duration_seconds_count{route=\"/api/v1/runs\",method=\"GET\",code=\"400\"} 1");
        Shows(metrics, "temper_http_request_duration_seconds_count{route=\"none\",method=\"GET\",code=\"404\"} 1");
        Assert.Contains("method=\"other\",code=\"405\"} 1\n", metrics);
        Assert.DoesNotContain("/api/v1/runs/second", metrics);
    }

    [Fact]
    public async Task Without_its_store_a_coordinator_still_shows_what_it_has_counted()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(coordinator.StateDirectory, "state.db")}"))
        {
            await connection.OpenAsync(Ct);
            await using var command = connection.CreateCommand();
            command.CommandText = "ALTER TABLE experiments RENAME TO gone";
            await command.ExecuteNonQueryAsync(Ct);
        }

        var metrics = await MetricsAsync(coordinator);
        Shows(metrics, "temper_metrics_store_failures_total 1");
        Shows(metrics, "temper_steps_total 0");
        Assert.DoesNotContain("temper_runs{", metrics);
    }

    [Fact]
    public async Task Tasks_beyond_the_first_hundred_are_counted_together()
    {
        using var registry = new MetricRegistry();
        var tasks = Enumerable.Range(0, 150).ToDictionary(i => $"task{i:000}", _ => new TaskStep(2, 3, 1, 5));
        new TrainingMetrics(registry).Count([FakeTrainer.Row(1) with { Tasks = tasks }], bestStep: 0);

        var text = await TextAsync(registry.Registry);
        Shows(text, "temper_examples_total{task=\"task099\"} 2");
        Shows(text, "temper_examples_total{task=\"(others)\"} 100");
        Shows(text, "temper_tokens_total{task=\"(others)\",side=\"input\"} 250");
        Assert.DoesNotContain("task100", text);
    }

    [Fact]
    public void Names_and_help_texts_keep_to_the_rules()
    {
        using var services = new ServiceCollection()
            .AddSingleton(new CoordinatorOptions { StateDirectory = "", OutputRoot = "", DataRoots = [], AgentToken = "x" })
            .AddSingleton(new Clock(TimeProvider.System))
            .AddMetricSets()
            .BuildServiceProvider();

        Assert.All(services.DeclareMetrics().Declared, metric =>
        {
            Assert.StartsWith("temper_", metric.Name);
            Assert.EndsWith(".", metric.Help);
            Assert.Equal(metric is Counter, metric.Name.EndsWith("_total", StringComparison.Ordinal));
            Assert.True(metric is not Histogram || metric.Name.EndsWith("_duration_seconds", StringComparison.Ordinal), metric.Name);
            // Who names a run must be able to forget it.
            Assert.True(metric is Gauge || !metric.LabelNames.Any(label => label is "run" or "experiment" or "agent"), metric.Name);
        });
    }

    private static TrainerEvent.Started Started(int step, double peakFlops = 0) => new(step, 1000, 1, "hash", peakFlops);

    private static void Shows(string metrics, string line) =>
        Assert.True(metrics.Contains($"{line}\n", StringComparison.Ordinal), $"No line '{line}' in:\n{string.Join('\n', metrics.Split('\n').Where(l => l.StartsWith(line.Split(['{', ' '])[0], StringComparison.Ordinal)))}");

    private static async Task<string> MetricsAsync(CoordinatorUnderTest coordinator)
    {
        using var answer = await coordinator.Http.GetAsync("/metrics", Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static async Task<string> TextAsync(CollectorRegistry registry)
    {
        using var stream = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(stream, Ct);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, "this did not come true within 30 seconds");
            await Task.Yield();
        }
    }
}
