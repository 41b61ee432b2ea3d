using System.Net;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Experiments;

[Trait("kind", "integration")]
public class ExperimentLifeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parents_are_trained_first_and_once_and_the_report_follows_the_last_run()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 4);
        var experiment = await coordinator.SubmitExperimentAsync();
        await agent.BeatAsync();

        // Parent, two members, the ensemble and the average of weights: only the parent can start.
        Assert.Equal([$"{experiment.Id}-01"], agent.Trainers.Select(trainer => trainer.RunId));
        var runs = await RunsAsync(coordinator, experiment.Id);
        Assert.Equal(["parent", "member-seed17", "member-seed18", "ensemble", "weights"], runs.Select(run => run.ExperimentKey));
        Assert.Equal($"Waits for run {experiment.Id}-01, whose model it starts from.", runs[1].Reason);

        await FinishAsync(coordinator, agent);
        await agent.BeatAsync();
        Assert.Equal([$"{experiment.Id}-02", $"{experiment.Id}-03"], agent.Trainers.Select(trainer => trainer.RunId).Order(StringComparer.Ordinal));
        Assert.Equal(Path.Combine(runs[0].OutputDirectory, "model"), Assert.Single(agent.Trainers.First().Assignment.ModelFolders));

        await FinishAsync(coordinator, agent);
        await agent.BeatAsync();
        Assert.Equal([$"{experiment.Id}-04", $"{experiment.Id}-05"], agent.Trainers.Select(trainer => trainer.RunId).Order(StringComparer.Ordinal));
        Assert.Equal(2, agent.Trainers.First().Assignment.ModelFolders.Count);
        Assert.Equal(ExperimentPhase.Running, (await ShowAsync(coordinator, experiment.Id)).Phase);

        await FinishAsync(coordinator, agent);
        await coordinator.ReconcileAsync();
        var ended = await ShowAsync(coordinator, experiment.Id);
        Assert.Equal((ExperimentPhase.Succeeded, 5, 0), (ended.Phase, ended.Succeeded, ended.Unsuccessful));
        Assert.Equal(ended.PlannedFlops, ended.Flops, 1.0);
        Assert.True(File.Exists(Path.Combine(ended.OutputDirectory, "report.html")));
        var report = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(ended.OutputDirectory, "report.json"), Ct)).RootElement;
        Assert.Equal("succeeded", report.GetProperty("phase").GetString());
        Assert.NotEqual(0, report.GetProperty("answer").GetArrayLength());
        Assert.Equal(["submitted", "reporting", "succeeded"], await EventsAsync(coordinator, experiment.Id));
    }

    [Fact]
    public async Task Who_starts_from_a_run_that_failed_fails_too_and_the_report_shows_what_there_is()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 4);
        var experiment = await coordinator.SubmitExperimentAsync();
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.NonFinite, "loss is NaN", null));
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();

        var runs = await RunsAsync(coordinator, experiment.Id);
        Assert.All(runs, run => Assert.Equal(RunPhase.Failed, run.Phase));
        Assert.Equal($"Run {experiment.Id}-01, whose model it starts from, has failed.", runs[1].Reason);
        var ended = await ShowAsync(coordinator, experiment.Id);
        Assert.Equal((ExperimentPhase.Failed, 5), (ended.Phase, ended.Unsuccessful));
        Assert.Contains("loss is NaN", ended.Reason);
        Assert.True(File.Exists(Path.Combine(ended.OutputDirectory, "report.json")));
    }

    [Fact]
    public async Task A_failed_run_that_is_retried_takes_along_who_starts_from_it_and_its_experiment()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 4);
        var experiment = await coordinator.SubmitExperimentAsync();
        await agent.BeatAsync();
        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 1, 1, "h")).Steps(1, 5).Says(new TrainerEvent.Saved(4, "e1-s4"))
            .Ends(new TrainerEvent.Failed(FailureCauses.SourcesDiffer, "Other rows.", null));
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal(ExperimentPhase.Failed, (await ShowAsync(coordinator, experiment.Id)).Phase);

        var child = await coordinator.PostAsync($"/api/v1/runs/{experiment.Id}-02/retry");
        Assert.Equal(HttpStatusCode.Conflict, child.StatusCode);
        Assert.Contains($"Run {experiment.Id}-01, whose model it starts from, has failed: retry that one", await child.Content.ReadAsStringAsync(Ct));
        Assert.Equal(HttpStatusCode.OK, (await coordinator.PostAsync($"/api/v1/runs/{experiment.Id}-01/retry")).StatusCode);

        var runs = await RunsAsync(coordinator, experiment.Id);
        Assert.Equal((RunPhase.Starting, 2L, 4), (runs[0].Phase, runs[0].Epoch, runs[0].Step));
        Assert.All(runs.Skip(1), run => Assert.Equal((RunPhase.Queued, "Waits for run"), (run.Phase, run.Reason[..13])));
        Assert.Equal(ExperimentPhase.Running, (await ShowAsync(coordinator, experiment.Id)).Phase);
        await agent.BeatAsync();
        Assert.Equal((2L, "e1-s4"), (agent.Trainer(0).Epoch, agent.Trainer(0).Assignment.StartCheckpoint));

        // Once more changes nothing.
        Assert.Equal(HttpStatusCode.OK, (await coordinator.PostAsync($"/api/v1/runs/{experiment.Id}-01/retry")).StatusCode);
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.NonFinite, "loss is NaN", null));
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal(ExperimentPhase.Failed, (await ShowAsync(coordinator, experiment.Id)).Phase);
        Assert.Equal(["submitted", "reporting", "failed", "reporting", "failed"], await EventsAsync(coordinator, experiment.Id));
        var refused = await coordinator.PostAsync($"/api/v1/runs/{experiment.Id}-01/retry");
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
    }

    [Fact]
    public async Task A_failed_experiment_that_is_retried_starts_its_failed_runs_again()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 1);
        var experiment = await coordinator.SubmitExperimentAsync();
        await agent.BeatAsync();
        agent.Trainer(0).Ends(new TrainerEvent.Failed(FailureCauses.SourcesDiffer, "Other rows.", null));
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        await coordinator.ReconcileAsync();
        Assert.Equal(ExperimentPhase.Failed, (await ShowAsync(coordinator, experiment.Id)).Phase);

        Assert.Equal(HttpStatusCode.OK, (await CommandAsync(coordinator, experiment.Id, "retry")).StatusCode);
        var runs = await RunsAsync(coordinator, experiment.Id);
        Assert.Equal(RunPhase.Starting, runs[0].Phase);
        Assert.All(runs.Skip(1), run => Assert.Equal(RunPhase.Queued, run.Phase));
        Assert.Equal(HttpStatusCode.OK, (await CommandAsync(coordinator, experiment.Id, "cancel")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await CommandAsync(coordinator, experiment.Id, "retry")).StatusCode);
    }

    [Fact]
    public async Task A_cancelled_experiment_ends_all_its_runs_and_reports()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 1);
        var experiment = await coordinator.SubmitExperimentAsync(kind: "ensemble: {members: 3}");
        await agent.BeatAsync();
        Assert.Equal(HttpStatusCode.OK, (await CommandAsync(coordinator, experiment.Id, "cancel")).StatusCode);
        Assert.Equal(ExperimentPhase.Cancelling, (await ShowAsync(coordinator, experiment.Id)).Phase);
        Assert.Equal(HttpStatusCode.OK, (await CommandAsync(coordinator, experiment.Id, "cancel")).StatusCode);

        await agent.BeatAsync();
        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
        Assert.All(await RunsAsync(coordinator, experiment.Id), run => Assert.Equal(RunPhase.Cancelled, run.Phase));
        Assert.Equal(ExperimentPhase.Cancelled, (await ShowAsync(coordinator, experiment.Id)).Phase);
        Assert.Equal(HttpStatusCode.Conflict, (await CommandAsync(coordinator, experiment.Id, "resume")).StatusCode);
    }

    [Fact]
    public async Task A_paused_experiment_holds_no_workers_and_goes_on_when_resumed()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 1);
        var experiment = await coordinator.SubmitExperimentAsync(kind: "ensemble: {members: 2}");
        await agent.BeatAsync();
        agent.Trainer(0).Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 1, 1, "h")).Steps(1, 3);
        await agent.BeatAsync();
        await CommandAsync(coordinator, experiment.Id, "pause");
        await agent.BeatAsync();
        Assert.True(agent.Trainer(0).Order.Stop);
        Assert.Equal(ExperimentPhase.Running, (await ShowAsync(coordinator, experiment.Id)).Phase);
        agent.Trainer(0).Ends(new TrainerEvent.Saved(3, "step-00000003-epoch-1"), new TrainerEvent.Stopped(3));
        await agent.BeatAsync();
        await agent.BeatAsync();
        Assert.Empty(agent.Trainers);
        Assert.Equal(ExperimentPhase.Paused, (await ShowAsync(coordinator, experiment.Id)).Phase);

        await CommandAsync(coordinator, experiment.Id, "resume");
        await agent.BeatAsync();
        Assert.Equal("step-00000003-epoch-1", agent.Trainer(0).Assignment.StartCheckpoint);
    }

    [Fact]
    public async Task What_was_accepted_survives_a_restart_and_is_one_experiment_for_one_key()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var first = await PostAsync(coordinator, CoordinatorUnderTest.Experiment(), "k1");
        await coordinator.RestartAsync();
        await coordinator.ReconcileAsync();
        var again = await PostAsync(coordinator, CoordinatorUnderTest.Experiment(), "k1");
        Assert.Equal(first.GetProperty("id").GetString(), again.GetProperty("id").GetString());
        Assert.Equal(5, (await RunsAsync(coordinator, first.GetProperty("id").GetString()!)).Count);

        using var other = await coordinator.PostAsync("/api/v1/experiments", CoordinatorUnderTest.Experiment("other"), ("Idempotency-Key", "k1"));
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Single((await coordinator.GetAsync("/api/v1/experiments")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_run_starts_from_the_model_of_another_run()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var agent = coordinator.Agent("a", slots: 2);
        var parent = await coordinator.SubmitAsync("parent");
        using var answer = await coordinator.PostAsync("/api/v1/runs", CoordinatorUnderTest.Yaml("child") + $"\nmodel: {{init_from: 'run:{parent.Id}'}}\n");
        var child = ProtocolJson.Read<RunStatus>(await answer.Content.ReadAsStringAsync(Ct));
        await agent.BeatAsync();

        Assert.Equal([parent.Id], child.StartsFrom!);
        Assert.Equal(parent.Id, Assert.Single(agent.Trainers).RunId);
        await FinishAsync(coordinator, agent);
        await agent.BeatAsync();
        Assert.Equal(child.Id, Assert.Single(agent.Trainers).RunId);
        Assert.Equal(Path.Combine(parent.OutputDirectory, "model"), Assert.Single(agent.Trainer(0).Assignment.ModelFolders));
    }

    [Theory]
    [InlineData("model: {init_from: 'run:nobody'}", "model.init_from")]
    [InlineData("model: {init_from: x, members: [y]}", "model.members")]
    [InlineData("model: {members: []}", "model.members")]
    public async Task A_model_that_is_not_there_is_refused(string model, string path)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        using var answer = await coordinator.PostAsync("/api/v1/runs", $"{CoordinatorUnderTest.Yaml()}\n{model}\n");
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains(path, problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task A_plan_tells_rates_tokens_operations_memory_and_time()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        using var answer = await coordinator.PostAsync("/api/v1/experiments:validate", CoordinatorUnderTest.Experiment(kind: "scaling: {compute: 2, curve: [1]}"));
        var plan = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;

        var run = plan.GetProperty("runs")[0].GetProperty("plan");
        Assert.True(run.GetProperty("training_flops").GetDouble() > 0);
        Assert.True(run.GetProperty("memory_bytes").GetInt64() > 0);
        Assert.True(run.GetProperty("predicted_seconds").GetDouble() > 0);
        Assert.StartsWith("assumed", run.GetProperty("speed_basis").GetString());
        Assert.Equal(1, run.GetProperty("tasks")[0].GetProperty("rate").GetDouble());
        Assert.True(run.GetProperty("tasks")[0].GetProperty("target_tokens").GetDouble() > 0);
        Assert.All(plan.GetProperty("rows").EnumerateArray(), row => Assert.Equal(1, row.GetProperty("ratio").GetDouble() / row.GetProperty("compute").GetDouble(), 0.02));
        Assert.Empty((await coordinator.GetAsync("/api/v1/experiments")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Lists_are_filtered_and_paged()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        foreach (var name in new[] { "one", "two", "three" })
        {
            await coordinator.SubmitExperimentAsync(name, "mixture_study: {mixtures: [{strategy: equal}], alone: false}");
        }

        Assert.Equal(["two"], await NamesAsync("?name=two"));
        Assert.Equal(["three", "two", "one"], await NamesAsync("?kind=mixture_study&phase=running"));
        Assert.Empty(await NamesAsync("?kind=scaling"));
        var page = await coordinator.GetAsync("/api/v1/experiments?limit=2");
        Assert.Equal(["one"], await NamesAsync($"?limit=2&cursor={page.GetProperty("next").GetString()}"));
        Assert.Equal(HttpStatusCode.BadRequest, (await coordinator.Http.GetAsync("/api/v1/experiments?kind=novel", Ct)).StatusCode);
        Assert.Single((await coordinator.GetAsync("/api/v1/runs?name=two-equal-seed17")).GetProperty("items").EnumerateArray());

        async Task<List<string>> NamesAsync(string query) =>
            [.. (await coordinator.GetAsync($"/api/v1/experiments{query}")).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];
    }

    /// <summary>Lets all trainers of an agent do all they have to, and their reports be written.</summary>
    private static async Task FinishAsync(CoordinatorUnderTest coordinator, FakeAgent agent)
    {
        foreach (var trainer in agent.Trainers)
        {
            var steps = trainer.Assignment.Spec.Training.Steps;
            var evaluation = new EvaluationRow(steps, true, "mood", "validation", 2, new Dictionary<string, double?> { ["accuracy"] = 50 }, [], 0.5, 1.2, 4);
            trainer.Says(new TrainerEvent.Ready("x"), new TrainerEvent.Started(0, 1, 1, "h"));
            if (steps > 0)
            {
                trainer.Steps(1, steps);
            }

            trainer.Ends(new TrainerEvent.Evaluated(evaluation), new TrainerEvent.Finished(steps, "model"));
        }

        await agent.BeatAsync();
        await coordinator.ReconcileAsync();
    }

    private static async Task<IReadOnlyList<RunStatus>> RunsAsync(CoordinatorUnderTest coordinator, string experiment) =>
        [.. ProtocolJson.Read<RunStatus[]>((await coordinator.GetAsync($"/api/v1/runs?experiment={experiment}")).GetProperty("items").GetRawText()).Reverse()];

    private static Task<ExperimentStatus> ShowAsync(CoordinatorUnderTest coordinator, string id) => coordinator.GetAsync<ExperimentStatus>($"/api/v1/experiments/{id}");

    private static Task<HttpResponseMessage> CommandAsync(CoordinatorUnderTest coordinator, string id, string verb) => coordinator.PostAsync($"/api/v1/experiments/{id}/{verb}");

    private static async Task<JsonElement> PostAsync(CoordinatorUnderTest coordinator, string yaml, string key)
    {
        using var answer = await coordinator.PostAsync("/api/v1/experiments", yaml, ("Idempotency-Key", key));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
    }

    private static async Task<List<string>> EventsAsync(CoordinatorUnderTest coordinator, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/experiments/{id}/events");
        request.Headers.Accept.ParseAdd("application/json");
        using var answer = await coordinator.Http.SendAsync(request, Ct);
        return [.. JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("kind").GetString()!)];
    }
}
