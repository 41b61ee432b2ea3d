using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Runs;

[Trait("kind", "integration")]
public class RunLifeTests
{
    [Fact]
    public async Task A_submitted_run_is_admitted_trains_and_succeeds()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var a = coordinator.Agent("a");
        var b = coordinator.Agent("b");
        await a.BeatAsync();
        await b.BeatAsync();

        var run = await coordinator.SubmitAsync(workers: 2);
        await a.BeatAsync();
        await b.BeatAsync();
        Assert.Equal((RunPhase.Starting, 1L), await Phase(coordinator, run.Id));
        Assert.Equal(0, a.Trainer(0).Assignment.Rank);
        Assert.Equal(2, b.Trainer(1).Assignment.WorldSize);
        Assert.Equal(a.Trainer(0).Assignment.Secret, b.Trainer(1).Assignment.Secret);
        Assert.Null(a.Trainer(0).Order.Offers);

        a.Trainer(0).Says(new TrainerEvent.Ready("a:1"));
        await a.BeatAsync();
        Assert.Null(a.Trainer(0).Order.Offers);
        b.Trainer(1).Says(new TrainerEvent.Ready("b:2"));
        await b.BeatAsync();
        await a.BeatAsync();
        Assert.Equal(["a:1", "b:2"], a.Trainer(0).Order.Offers!);
        Assert.Equal(["a:1", "b:2"], b.Trainer(1).Order.Offers!);

        a.Trainer(0).Says(new TrainerEvent.Started(0, 1000, 1, "hash")).Steps(1, 3).Says(new TrainerEvent.Saved(3, "e1-s3"), new TrainerEvent.Alive(7), new TrainerEvent.Log("hello"));
        await a.BeatAsync();
        Assert.Equal(0, a.Trainer(0).UnacknowledgedCount);
        var running = await coordinator.StatusAsync(run.Id);
        Assert.Equal((RunPhase.Running, 3, (int?)3, "fp32"), (running.Phase, running.Step, running.CheckpointStep, running.Precision));

        var evaluation = new EvaluationRow(100, true, "mood", "validation", 2, new Dictionary<string, double?> { ["accuracy"] = 50, ["f1"] = null }, [new SamplePrediction("i", "t", "<script>")], 0.5);
        a.Trainer(0).Steps(4, 100).Says(new TrainerEvent.Evaluated(evaluation)).Ends(new TrainerEvent.Finished(100, "model"));
        b.Trainer(1).Ends(new TrainerEvent.Finished(100, "model"));
        await b.BeatAsync();
        await a.BeatAsync();
        Assert.Empty(a.Orders.Trainers);
        Assert.Empty(coordinator.Reporter.Written);
        Assert.Equal(RunPhase.Running, (await coordinator.StatusAsync(run.Id)).Phase);

        await coordinator.ReconcileAsync();
        Assert.Equal([run.Id], coordinator.Reporter.Written);
        var ended = await coordinator.StatusAsync(run.Id);
        Assert.Equal((RunPhase.Succeeded, 100), (ended.Phase, ended.Step));
        Assert.Equal(coordinator.Time.GetUtcNow(), ended.EndedAt);

        var metrics = await coordinator.GetAsync($"/api/v1/runs/{run.Id}/metrics");
        Assert.Equal(100, metrics.GetProperty("steps").GetArrayLength());
        Assert.Equal(0, (await coordinator.GetAsync($"/api/v1/runs/{run.Id}/metrics?evaluations=false")).GetProperty("evaluations").GetArrayLength());
        Assert.Equal("<script>", metrics.GetProperty("evaluations")[0].GetProperty("samples")[0].GetProperty("prediction").GetString());
    }

    private static async Task<(RunPhase, long)> Phase(CoordinatorUnderTest coordinator, string id)
    {
        var status = await coordinator.StatusAsync(id);
        return (status.Phase, status.Epoch);
    }
}
