using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Tests.Support;
using Temper.Coordinator.Threads;

namespace Temper.Coordinator.Tests.Runs;

/// <summary>How the model that a trainer left beside becomes the run's.</summary>
[Trait("kind", "integration")]
public class PublicationTests
{
    private static readonly TimeSpan Patience = OwnThread.FolderTimeout;

    [Fact]
    public async Task A_model_takes_its_place_by_the_coordinators_word_and_before_the_run_has_succeeded()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var run = await TrainedAsync(coordinator);
        Assert.Equal(["model.epoch-1"], Names(run));
        coordinator.Reporter.Writing = _ => Assert.Equal(["model"], Names(run));

        await coordinator.ReconcileAsync();

        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(run.Id)).Phase);
        Assert.Equal("epoch 1", Weights(run));
        Assert.Equal([run.Id], coordinator.Reporter.Written);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_coordinator_that_was_killed_before_or_after_the_model_took_its_place_does_the_rest(bool isInPlace)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var run = await TrainedAsync(coordinator);
        await coordinator.StopAsync();
        if (isInPlace)
        {
            Directory.Move(Path.Combine(run.OutputDirectory, "model.epoch-1"), Path.Combine(run.OutputDirectory, "model"));
        }

        await coordinator.StartAsync();
        await coordinator.ReconcileAsync();

        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(run.Id)).Phase);
        Assert.Equal(["model"], Names(run));
        Assert.Equal("epoch 1", Weights(run));
    }

    [Fact]
    public async Task What_an_epoch_left_that_was_cut_off_is_never_published()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await agent.BeatAsync();
        var cutOff = agent.Trainer(0);
        agent.StartAnew();
        await agent.BeatAsync();
        Draft(run, cutOff.Epoch);
        Finish(agent.Trainer(0), run);
        await agent.BeatAsync();

        await coordinator.ReconcileAsync();

        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(run.Id)).Phase);
        Assert.Equal(["model"], Names(run));
        Assert.Equal("epoch 2", Weights(run));
    }

    [Theory, InlineData("model.epoch-9"), InlineData("../elsewhere"), InlineData("")]
    public async Task A_folder_that_is_not_the_epochs_own_is_not_published(string name)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Finished(100, name));
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();

        var status = await coordinator.StatusAsync(run.Id);
        Assert.Equal(FailureCauses.TrainerError, Assert.Single(status.Recoveries).Cause);
        Assert.Empty(coordinator.Reporter.Written);
    }

    [Fact]
    public async Task A_model_that_cannot_be_found_is_waited_for_and_then_made_again()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a");
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync();
        await agent.BeatAsync();
        Finish(agent.Trainer(0), run);
        await agent.BeatAsync();
        Directory.Move(run.OutputDirectory, run.OutputDirectory + ".away");

        await coordinator.ReconcileAsync();
        coordinator.Time.Advance(TimeSpan.FromMinutes(9));
        await coordinator.ReconcileAsync();
        var waiting = await coordinator.StatusAsync(run.Id);
        Assert.Equal(RunPhase.Running, waiting.Phase);
        Assert.Equal($"Trained and evaluated; the model cannot be put in its place yet: There is neither model.epoch-1 nor model in {run.OutputDirectory}. Agents and coordinators must see the same output folder.", waiting.Reason);
        Assert.Empty(coordinator.Reporter.Written);

        coordinator.Time.Advance(TimeSpan.FromMinutes(1));
        await coordinator.ReconcileAsync();
        Assert.Equal(FailureCauses.StorageUnreadable, Assert.Single((await coordinator.StatusAsync(run.Id)).Recoveries).Cause);
        await coordinator.PassAsync(3, agent);
        Finish(agent.Trainer(0), run);
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal(RunPhase.Succeeded, (await coordinator.StatusAsync(run.Id)).Phase);
        Assert.Equal("epoch 2", Weights(run));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_folder_that_hangs_keeps_no_other_run_waiting(bool whilePublishing)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        using var hangs = new ManualResetEventSlim();
        var (hung, healthy) = (await TrainedAsync(coordinator, "hung"), await TrainedAsync(coordinator, "healthy"));
        coordinator.Reporter.Writing = run => Work(!whilePublishing && run == hung.Id);
        coordinator.Publishing = output => Work(whilePublishing && output == hung.OutputDirectory);
        try
        {
            var waits = coordinator.Time.WaitedFor(Patience);
            var round = coordinator.ReconcileAsync();
            // A guard against hanging for ever, no measurement.
            await waits.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            coordinator.Time.Advance(Patience);
            await round;
            var status = await coordinator.StatusAsync(hung.Id);
            Assert.Equal((RunPhase.Running, $"Trained and evaluated; waits for its output folder {hung.OutputDirectory}, which does not answer."), (status.Phase, status.Reason));

            // It is waited for once.
            await coordinator.ReconcileAsync();
            await SucceedsAsync(coordinator, healthy);
            Assert.Equal(RunPhase.Running, (await coordinator.StatusAsync(hung.Id)).Phase);
        }
        finally
        {
            hangs.Set();
        }

        await SucceedsAsync(coordinator, hung);
        Assert.Equal(1, coordinator.Reporter.Written.Count(id => id == hung.Id));

        void Work(bool isHung)
        {
            if (isHung)
            {
                hangs.Wait();
            }
        }
    }

    private static async Task SucceedsAsync(CoordinatorUnderTest coordinator, RunStatus run)
    {
        while ((await coordinator.StatusAsync(run.Id)).Phase != RunPhase.Succeeded)
        {
            await Task.Yield();
        }
    }

    /// <summary>A run whose trainer has said that it has finished.</summary>
    private static async Task<RunStatus> TrainedAsync(CoordinatorUnderTest coordinator, string name = "demo")
    {
        var agent = coordinator.Agent(name);
        await agent.BeatAsync();
        var run = await coordinator.SubmitAsync(name);
        await agent.BeatAsync();
        Finish(agent.Trainer(0), run);
        await agent.BeatAsync();
        return run;
    }

    private static void Finish(FakeTrainer trainer, RunStatus run)
    {
        Draft(run, trainer.Epoch);
        trainer.Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 1000, 1, "hash")).Ends(new TrainerEvent.Finished(100, $"model.epoch-{trainer.Epoch}"));
    }

    private static void Draft(RunStatus run, long epoch)
    {
        var folder = Directory.CreateDirectory(Path.Combine(run.OutputDirectory, $"model.epoch-{epoch}")).FullName;
        File.WriteAllText(Path.Combine(folder, "weights"), $"epoch {epoch}");
    }

    private static IEnumerable<string> Names(RunStatus run) => Directory.GetDirectories(run.OutputDirectory, "model*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static string Weights(RunStatus run) => File.ReadAllText(Path.Combine(run.OutputDirectory, "model", "weights"));
}
