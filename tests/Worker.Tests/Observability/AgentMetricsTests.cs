using System.Text;
using Prometheus;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Worker.Observability;

namespace Temper.Worker.Tests.Observability;

public class AgentMetricsTests
{
    private readonly AgentMetrics _metrics = new();

    [Fact]
    public async Task What_trainers_of_a_slot_spend_adds_up_over_its_trainers()
    {
        _metrics.CountSpent(1, new RankSeconds(0, 0, 0, 0), new RankSeconds(1, 2, 3, 4, 5, 6));
        _metrics.CountSpent(1, new RankSeconds(1, 2, 3, 4, 5, 6), new RankSeconds(1, 4, 3, 4, 5, 6));
        _metrics.CountSpent(1, new RankSeconds(0, 0, 0, 0), new RankSeconds(0, 10, 0, 0));

        var text = await TextAsync();
        Assert.Contains("temper_agent_trainer_phase_seconds_total{slot=\"1\",phase=\"compute\"} 14\n", text);
        Assert.Contains("temper_agent_trainer_phase_seconds_total{slot=\"1\",phase=\"checkpoint\"} 6\n", text);
    }

    [Fact]
    public async Task A_counter_never_goes_back_whatever_a_trainer_says()
    {
        _metrics.CountSpent(0, new RankSeconds(5, 5, 5, 5), new RankSeconds(1, double.NaN, double.PositiveInfinity, 6));

        var text = await TextAsync();
        Assert.Contains("temper_agent_trainer_phase_seconds_total{slot=\"0\",phase=\"data\"} 0\n", text);
        Assert.Contains("temper_agent_trainer_phase_seconds_total{slot=\"0\",phase=\"compute\"} 0\n", text);
        Assert.Contains("temper_agent_trainer_phase_seconds_total{slot=\"0\",phase=\"exchange\"} 0\n", text);
        Assert.Contains("temper_agent_trainer_phase_seconds_total{slot=\"0\",phase=\"optimizer\"} 1\n", text);
    }

    [Fact]
    public async Task A_slot_without_a_trainer_has_no_memory_to_show()
    {
        _metrics.Show(0, 0, new Dictionary<int, long> { [0] = 100, [1] = 200 }, 3);
        _metrics.Show(1, 1, new Dictionary<int, long> { [1] = 250 }, 0);

        var text = await TextAsync();
        Assert.Contains("temper_agent_trainer_memory_bytes{slot=\"1\"} 250\n", text);
        Assert.DoesNotContain("temper_agent_trainer_memory_bytes{slot=\"0\"}", text);
        Assert.Contains("temper_agent_trainers{state=\"running\"} 1\n", text);
        Assert.Contains("temper_agent_trainers{state=\"ended\"} 1\n", text);
    }

    [Fact]
    public async Task Starts_and_failures_have_labels_of_closed_sets()
    {
        _metrics.CountStart(1);
        _metrics.CountStart(2);
        _metrics.CountFailure(FailureCauses.Exchange);
        _metrics.CountFailure("solar_flare");
        _metrics.Describe("a", 2, () => TimeSpan.FromSeconds(7));

        var text = await TextAsync();
        Assert.Contains("temper_agent_trainer_starts_total{start=\"again\"} 1\n", text);
        Assert.Contains("temper_agent_trainer_failures_total{cause=\"exchange\"} 1\n", text);
        Assert.Contains("temper_agent_trainer_failures_total{cause=\"trainer_error\"} 1\n", text);
        Assert.Contains("temper_agent_coordinator_silence_seconds 7\n", text);
        Assert.DoesNotContain("solar_flare", text);
    }

    [Fact]
    public void Names_and_help_texts_keep_to_the_rules() => Assert.All(_metrics.Declared, metric =>
    {
        Assert.StartsWith("temper_agent_", metric.Name);
        Assert.EndsWith(".", metric.Help);
        Assert.Equal(metric is Counter, metric.Name.EndsWith("_total", StringComparison.Ordinal));
    });

    private async Task<string> TextAsync()
    {
        using var stream = new MemoryStream();
        await _metrics.Registry.CollectAndExportAsTextAsync(stream, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
