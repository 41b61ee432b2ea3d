using System.Diagnostics;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>Agents that are asked to end while they train.</summary>
[Collection("processes")]
public sealed class DrainTests : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly Service _service;

    public DrainTests() => _service = new Service(_folder);

    public void Dispose()
    {
        _service.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_drained_agent_costs_no_step_in_training_and_in_evaluation()
    {
        // One attempt is all that there is. Checkpoints are rare, so a step that was lost would be seen; the evaluation is long.
        var spec = _folder.Spec(steps: 40, more: "  every: 20\n  batch: 1\n  max_examples: 400\nrecovery:\n  attempts: 1");
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("checkpoint_every: 20", "checkpoint_every: 1000", StringComparison.Ordinal));
        await using var coordinator = _service.Serve();
        await coordinator.Says("coordinator at");
        await using var first = Agent("first");
        var run = await _service.Submit(spec);
        await Processes.Until(() => Step(run) is > 2 and < 20, "some steps are made");
        await using var second = Agent("second");
        await second.Says("offers");

        // In training.
        first.Signal("TERM");
        await first.Says("is asked to end");
        Assert.Equal(0, await first.Exit());
        var stopped = Recoveries(run).Single();
        Assert.Equal(("agent_drained", LastRow(run)), ((string)stopped["cause"]!, (int)stopped["from_step"]!));

        // In evaluation, which takes many times longer than a step.
        await Processes.Until(() => _service.Show(run)["members"]!.AsArray().Any(member => (string)member!["agent_id"]! == "second"), "the run goes on elsewhere");
        await using var third = Agent("third");
        await third.Says("offers");
        await Processes.Until(() => Step(run) == 20, "the evaluation after step 20 begins");
        second.Signal("TERM");
        Assert.Equal(0, await second.Exit());
        stopped = Recoveries(run)[^1];
        Assert.Equal(("agent_drained", LastRow(run)), ((string)stopped["cause"]!, (int)stopped["from_step"]!));
        Assert.Equal(20, (int)stopped["from_step"]!);

        await Processes.Until(() => (string)_service.Show(run)["phase"]! is "succeeded" or "failed", "the run ends");
        Assert.Equal("succeeded", (string)_service.Show(run)["phase"]!);
        Assert.Equal(2, Recoveries(run).Count);
        Assert.Equal(40, RunFolder.Losses((string)_service.Show(run)["output_directory"]!).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_signal_ends_agent_and_trainers_within_two_seconds(bool hasCoordinator)
    {
        await using var coordinator = _service.Serve();
        await coordinator.Says("coordinator at");
        await using var agent = Agent("one");
        var run = await _service.Submit(_folder.Spec(steps: 5000));
        await Processes.Until(() => Step(run) > 0, "the first step is made");
        var trainers = Processes.Below(agent.Id, "trainer");
        Assert.Equal(2, trainers.Count);
        if (!hasCoordinator)
        {
            coordinator.Signal("KILL");
            await coordinator.Exit();
        }

        // They cannot save.
        foreach (var trainer in trainers)
        {
            ChildProcess.Signal(trainer, "STOP");
        }

        agent.Signal("TERM");
        await agent.Says("is asked to end");
        Assert.False(agent.HasEnded);
        var clock = Stopwatch.StartNew();
        agent.Signal("TERM");
        await agent.Exit();
        // Two seconds are promised; a machine on which other tests run gets ten. What waits politely waits for 200.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        await Processes.Until(() => !trainers.Any(Processes.Lives), "the trainers are gone");
    }

    private ChildProcess Agent(string id) => _service.Agent(id, "--slots", "2", "--drain-grace", "200");

    private int Step(string run) => (int)_service.Show(run)["step"]!;

    private List<JsonNode> Recoveries(string run) => [.. _service.Show(run)["recoveries"]!.AsArray().Select(recovery => recovery!)];

    /// <summary>The last step whose loss was reported by now or will be again: that of the newest row.</summary>
    private int LastRow(string run) => _service.Get($"runs/{run}/metrics")["steps"]!.AsArray().Max(row => (int)row!["step"]!);
}
