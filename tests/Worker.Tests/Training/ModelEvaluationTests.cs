using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Planning.Models;
using Temper.Worker.Checkpoints;
using Temper.Worker.Models;
using Temper.Worker.Tests.Collectives;
using Temper.Worker.Training;

namespace Temper.Worker.Tests.Training;

public sealed class ModelEvaluationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-evaluation-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData(1), InlineData(2)]
    public void A_run_without_steps_says_of_a_model_what_its_own_run_said_at_the_end_and_exports_it(int workers)
    {
        var trained = TrainingRun.Train(Spec(steps: 6, workers), Output("trained"));

        var events = TrainingRun.Train(Spec(steps: 0, workers, from: "trained"), Output("again"), models: [Model("trained")]);

        Assert.Equal(
            ["Started", "Evaluated", "Evaluated", "Evaluated", "Evaluated", "Finished"], events.Select(word => word.GetType().Name));
        Assert.Equal(new TrainerEvent.Finished(0, "model.epoch-1"), events[^1]);
        Assert.Equal(0, Assert.IsType<TrainerEvent.Started>(events[0]).Step);
        Assert.Equal(Rows(trained).Select(Judged), Rows(events).Select(Judged));
        Assert.All(Rows(events), row => Assert.True(row is { Step: 0, Final: true, TargetTokens: > 0 }));
        Assert.Equal(Weights("trained"), Weights("again"));
        Assert.Equal([".epoch", "model"], Directory.GetFileSystemEntries(Path.Combine(_folder, "again")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Theory, InlineData(1), InlineData(2)]
    public void An_ensemble_is_evaluated_and_exported_by_the_names_of_its_members(int workers)
    {
        TrainSeeds(1, 2);
        var ensemble = Spec(steps: 0, workers) with { Model = new ModelSpec(Members: ["1", "2"]) };

        var events = TrainingRun.Train(ensemble, Output("both"), models: [Model("1"), Model("2")]);

        var alone = TrainingRun.Train(Spec(steps: 0, from: "1"), Output("alone"), models: [Model("1")]);
        var set = ModelSet.Open([Model("both")]);
        using var predictor = set.Load();
        Assert.Equal(2, set.Members.Count);
        Assert.Equal(predictor.ParameterCount, Assert.IsType<TrainerEvent.Started>(events[0]).Parameters);
        Assert.NotNull(set.Vocabulary);
        Assert.Contains("\"../../1/model\"", File.ReadAllText(Path.Combine(Model("both"), EnsembleFile.Name)));
        Assert.NotEqual(Rows(alone).Select(row => row.Loss), Rows(events).Select(row => row.Loss));
        Assert.Equal(4, Rows(events).Count);
    }

    [Fact]
    public void An_ensemble_of_one_model_is_judged_as_the_model_is()
    {
        TrainSeeds(1);

        var together = TrainingRun.Train(Spec(steps: 0) with { Model = new ModelSpec(Members: ["1"]) }, Output("one"), models: [Model("1")]);

        Assert.Equal(Rows(TrainingRun.Train(Spec(steps: 0, from: "1"), Output("alone"), models: [Model("1")])).Select(Judged), Rows(together).Select(Judged));
        Assert.True(EnsembleFile.IsIn(Model("one")));
    }

    [Fact]
    public void The_average_of_weights_is_evaluated_exported_and_trained_on()
    {
        TrainSeeds(1, 2);
        var average = Spec(steps: 0) with { Model = new ModelSpec(Dropout: 0, Members: ["1", "2"], Combine: Combination.Weights) };
        var evaluated = TrainingRun.Train(average, Output("average"), models: [Model("1"), Model("2")]);
        var training = average with { Training = average.Training with { Steps = 3 } };

        var losses = TrainingRun.Train(training, Output("on"), models: [Model("1"), Model("2")]).Losses();

        Assert.Equal(Weights("1").Zip(Weights("2"), (one, other) => (one + other) / 2), Weights("average"));
        Assert.Equal(Rows(evaluated).Select(Judged), Rows(TrainingRun.Train(Spec(steps: 0, from: "average"), Output("again"), models: [Model("average")])).Select(Judged));
        Assert.Equal(3, losses.Count);
        Assert.Equal(TrainingRun.Train(Spec(steps: 3, from: "average"), Output("from"), models: [Model("average")]).Losses(), losses);
    }

    [Fact]
    public void A_run_without_steps_that_was_stopped_starts_again()
    {
        TrainSeeds(1);
        var spec = Spec(steps: 0, from: "1");

        var first = TrainingRun.Train(spec, Output("out"), models: [Model("1")]);
        var second = TrainingRun.Train(spec, Output("out"), from: CheckpointStore.Name(0, 1), models: [Model("1")]);

        Assert.Equal(Rows(first).Select(Judged), Rows(second).Select(Judged));
    }

    [Fact]
    public void Members_that_do_not_fit_the_run_are_refused_with_their_names()
    {
        TrainSeeds(1);
        TrainingRun.Train(Spec(steps: 1) with { Vocabulary = new VocabularySpec(ExtraIds: 60) }, Output("other"));
        var ensemble = Spec(steps: 0) with { Model = new ModelSpec(Members: ["1", "other"]) };

        var refusal = Assert.Throws<InvalidDataException>(() => TrainingRun.Train(ensemble, Output("both"), models: [Model("1"), Model("other")])).Message;

        Assert.StartsWith($"{Model("other")} was trained with another vocabulary than the run's spec", refusal);
    }

    [Fact]
    public void A_run_does_not_start_from_random_weights_because_nobody_said_where_its_model_lies() =>
        Assert.Contains("starts from 1 models", Assert.Throws<InvalidDataException>(() => TrainingRun.Train(Spec(steps: 3, from: "1"), Output("out"))).Message);

    [Fact]
    public void Ranks_that_see_other_models_are_found_before_anything_is_evaluated()
    {
        using var ring = new LoopbackRing(2);

        var errors = ring.OnAll(rank => Record.Exception(() => Agreement.OnModels(rank, [("/a", "same"), ("/b", $"hash {rank.Rank}")])));

        Assert.All(errors, error => Assert.StartsWith("What lies in /b differs between rank 0 and rank 1", Assert.IsType<SourcesDifferException>(error).Message));
        Assert.All(ring.OnAll(rank => Record.Exception(() => Agreement.OnModels(rank, [("/a", "same"), ("/b", "same")]))), Assert.Null);
    }

    private static IReadOnlyList<EvaluationRow> Rows(IEnumerable<TrainerEvent> events) => [.. events.OfType<TrainerEvent.Evaluated>().Select(word => word.Row)];

    private static string Judged(EvaluationRow row) => ProtocolJson.Write(row with { Step = 0, Seconds = 0 });

    private string Output(string name) => Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;

    private string Model(string name) => Path.Combine(_folder, name, "model");

    private float[] Weights(string name)
    {
        using var model = ModelFolder.Open(Model(name)).LoadModel();
        return model.Parameters.ValueSpan.ToArray();
    }

    private void TrainSeeds(params int[] seeds)
    {
        foreach (var seed in seeds)
        {
            TrainingRun.Train(Spec(steps: 4) with { Seed = seed }, Output($"{seed}"));
        }
    }

    private static RunSpec Spec(int steps, int workers = 1, string? from = null) => new(
        "test",
        new SortedDictionary<string, TaskSpec>(StringComparer.Ordinal)
        {
            ["arithmetic"] = new(Builtin: "arithmetic", MaxExamples: 100),
            ["months"] = new(Builtin: "months"),
        },
        new TrainingSpec(steps, Batch: 12, InputLength: 40, TargetLength: 12, Optimizer: new OptimizerSpec(LearningRate: 2e-3)),
        Model: from is not null ? new ModelSpec(InitFrom: from, Dropout: 0) : new ModelSpec(DModel: 32, DFf: 64, DKv: 8, Heads: 4, Layers: 2, Dropout: 0, EmbeddingStd: 0.02),
        Evaluation: new EvaluationSpec(FinalMaxExamples: 21, Batch: 8),
        Workers: workers);
}
