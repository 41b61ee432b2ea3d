using Temper.Coordinator.Configuration;
using Temper.Coordinator.Tests.Support;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Observability;

/// <summary>What two coordinators on one database show.</summary>
[Trait("kind", "integration")]
public class SharedMetricsTests
{
    private readonly PostgresUrl _database = PostgresUrl.Parse(PostgresServer.Shared.NewDatabase());

    [Fact]
    public async Task Both_show_what_the_store_says_one_shows_what_it_owns_and_the_other_one_after_it()
    {
        await using var one = new CoordinatorUnderTest { Database = _database };
        await using var two = new CoordinatorUnderTest { Database = _database };
        await one.StartAsync();
        await two.StartAsync();
        await one.Agent("a").BeatAsync();
        var run = (await one.SubmitAsync()).Id;
        await one.ReconcileAsync();
        await two.ReconcileAsync();

        string[] both = [await MetricsAsync(one), await MetricsAsync(two)];
        Assert.All(both, metrics => Assert.Contains("temper_runs{phase=\"starting\"} 1\n", metrics));
        Assert.Single(both, metrics => metrics.Contains($"temper_run_workers{{run=\"{run}\"}} 1\n", StringComparison.Ordinal));
        Assert.Single(both, metrics => metrics.Contains("temper_agent_up{agent=\"a\"} 1\n", StringComparison.Ordinal));
        Assert.Single(both, metrics => metrics.Contains("temper_slots{state=\"busy\"} 1\n", StringComparison.Ordinal));
        Assert.Single(both, metrics => metrics.Contains("temper_run_transitions_total{from=\"queued\",to=\"starting\"} 1\n", StringComparison.Ordinal));

        await one.StopAsync();
        await two.Agent("b").BeatAsync();
        await two.ReconcileAsync();
        var alone = await MetricsAsync(two);
        Assert.Contains($"temper_run_workers{{run=\"{run}\"}} 1\n", alone);
        Assert.Contains("temper_agent_up{agent=\"b\"} 1\n", alone);
        Assert.Contains("temper_runs{phase=\"starting\"} 1\n", alone);
    }

    private static Task<string> MetricsAsync(CoordinatorUnderTest coordinator) => coordinator.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
}
