using Temper.Contracts.Agents;
using Temper.Coordinator.Runs.Metrics;

namespace Temper.Coordinator.Tests.Observability;

public class RunMeterTests
{
    [Fact]
    public void Shares_are_of_everything_so_far_and_losses_of_the_last_step_that_had_the_task()
    {
        var meter = new RunMeter(new Dictionary<string, double> { ["a"] = 0.75, ["b"] = 0.25 });
        meter.Add([Row(1, ("a", 3, 30, 60), ("b", 1, 10, 30)), Row(2, ("a", 4, 60, 60))], bestStep: 0, peakFlops: 0);

        Assert.Null(new RunMeter(new Dictionary<string, double>()).Measures);
        Assert.Equal(
            [new TaskMeasures("a", 0.75, 0.875, 0.9, 1), new TaskMeasures("b", 0.25, 0.125, 0.1, 3)],
            meter.Measures!.Tasks);
    }

    [Fact]
    public void Steps_that_are_made_again_are_not_useful()
    {
        var meter = new RunMeter(new Dictionary<string, double>());
        meter.Add([Row(5), Row(6), Row(7)], bestStep: 6, peakFlops: 0);

        Assert.Equal(0.5, meter.Measures!.UsefulSeconds);
    }

    [Fact]
    public void The_use_of_the_devices_is_what_was_computed_of_what_they_could_do()
    {
        var meter = new RunMeter(new Dictionary<string, double>());
        meter.Add([Row(1), Row(2)], bestStep: 0, peakFlops: 1000);
        var measures = meter.Measures!;

        // Two steps of half a second each; 1000 operations were possible.
        Assert.Equal((0.2, 0.4), (measures.Mfu!.Value, measures.PaddedMfu!.Value));
        meter.Add([Row(3)], bestStep: 0, peakFlops: 0);
        Assert.Null(meter.Measures!.Mfu);
    }

    [Fact]
    public void A_slow_rank_stands_out_and_a_single_one_is_compared_with_nobody()
    {
        var meter = new RunMeter(new Dictionary<string, double>());
        meter.Add([Row(1) with { ExchangeBytes = 8, MeanRankSeconds = 0.2, SlowestRankSeconds = 0.3, SlowestRank = 1 }], 0, 0);

        Assert.Equal(1.5, meter.Measures!.SlowestRankRatio!.Value, 1e-12);
        meter.Add([Row(2) with { MeanRankSeconds = 0.2, SlowestRankSeconds = 0.2 }], 0, 0);
        Assert.Null(meter.Measures!.SlowestRankRatio);
    }

    [Fact]
    public void Of_very_many_tasks_the_first_are_shown()
    {
        var meter = new RunMeter(new Dictionary<string, double>());
        meter.Add([Row(1, [.. Enumerable.Range(0, 100).Select(i => ($"task{i:000}", 1, 1L, 1.0))])], 0, 0);

        Assert.Equal(64, meter.Measures!.Tasks.Count);
    }

    private static StepRow Row(int step, params (string Task, int Examples, long Tokens, double LossSum)[] tasks) => new(
        step, 2, 1e-3, 1, 0.5, 0, 0, 40, 20, 100,
        tasks.ToDictionary(task => task.Task, task => new TaskStep(task.Examples, task.Tokens, task.LossSum)),
        Flops: 200, UnpaddedFlops: 100);
}
