using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Worker.Checkpoints;
using Temper.Worker.Models;
using Temper.Worker.Training;
using NonFiniteException = Temper.Worker.Model.NonFiniteException;

namespace Temper.Worker.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-trainer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    public void Workers_and_micro_batches_do_not_change_the_losses(int workers, int microBatches)
    {
        var alone = TrainingRun.Train(Spec(steps: 50, warmup: 200), _folder).Losses();
        var shared = TrainingRun.Train(Spec(steps: 50, warmup: 200, workers: workers, microBatches: microBatches), Output("shared")).Losses();

        Assert.Equal(50, shared.Count);
        foreach (var (one, other) in alone.Zip(shared))
        {
            Assert.InRange(Math.Abs(one - other), 0, 1e-4);
        }

        Assert.True(alone[^1] < alone[0] - 0.1, $"the loss went from {alone[0]} to {alone[^1]}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_run_that_was_stopped_goes_on_bit_for_bit_as_one_that_was_not(int workers)
    {
        var spec = Spec(steps: 24, workers: workers, dropout: 0.1, checkpointEvery: 6);
        var whole = TrainingRun.Train(spec, Output("whole")).Losses();

        var stopped = TrainingRun.Train(spec, _folder, stopAfter: 9);
        var at = Assert.IsType<TrainerEvent.Stopped>(stopped[^1]).Step;
        var resumed = TrainingRun.Train(spec, _folder, from: CheckpointStore.Name(at, 1)).Losses();

        Assert.InRange(at, 9, 23);
        Assert.Equal(whole, [.. stopped.Losses(), .. resumed]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Gradients_that_NCCL_sums_give_the_losses_of_the_ring_bit_for_bit(int workers)
    {
        var spec = Spec(steps: 20, workers: workers, dropout: 0.1);

        var nccl = TrainingRun.Train(spec with { Collective = CollectiveKind.Nccl }, Output("nccl"));

        var ring = TrainingRun.Train(spec, Output("ring"));
        Assert.Equal(ring.Losses(), nccl.Losses());
        Assert.Equal(
            ring.OfType<TrainerEvent.Evaluated>().Select(word => ProtocolJson.Write(word.Row with { Seconds = 0 })),
            nccl.OfType<TrainerEvent.Evaluated>().Select(word => ProtocolJson.Write(word.Row with { Seconds = 0 })));
    }

    [Fact]
    public void The_same_seed_gives_the_same_losses_and_another_seed_others()
    {
        var first = TrainingRun.Train(Spec(steps: 5, dropout: 0.1), Output("a")).Losses();

        Assert.Equal(first, TrainingRun.Train(Spec(steps: 5, dropout: 0.1), Output("b")).Losses());
        Assert.NotEqual(first, TrainingRun.Train(Spec(steps: 5, dropout: 0.1) with { Seed = 18 }, Output("c")).Losses());
    }

    [Fact]
    public void A_finished_run_has_evaluated_every_split_and_left_a_model_that_opens()
    {
        var events = TrainingRun.Train(Spec(steps: 4, workers: 2), _folder);

        Assert.IsType<TrainerEvent.Finished>(events[^1]);
        var evaluated = events.OfType<TrainerEvent.Evaluated>().Select(word => $"{word.Row.Task} {word.Row.Split}");
        Assert.Equal(["arithmetic validation", "arithmetic test", "months validation", "months test"], evaluated);
        var model = ModelFolder.Open(Path.Combine(_folder, "model"));
        Assert.Equal("months", model.Vocabulary!.Decode(model.Vocabulary.Encode("months")));
        model.LoadModel().Dispose();
    }

    [Fact]
    public void A_trainer_leaves_its_model_beside_under_its_epoch_and_replaces_nothing()
    {
        var there = Directory.CreateDirectory(Path.Combine(_folder, "model")).FullName;
        File.WriteAllText(Path.Combine(there, "weights"), "of a newer epoch");
        var atEnd = new List<string>();

        var events = TrainingRun.Train(Spec(steps: 2), _folder, Look, _ => true);

        Assert.Equal(new TrainerEvent.Finished(2, "model.epoch-1"), events[^1]);
        Assert.Equal(["model", "model.epoch-1", "of a newer epoch"], atEnd);

        bool Look(TrainerEvent word)
        {
            if (word is TrainerEvent.Finished)
            {
                atEnd.AddRange(Directory.GetDirectories(_folder, "model*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
                atEnd.Add(File.ReadAllText(Path.Combine(there, "weights")));
            }

            return false;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_step_says_what_its_time_and_its_tokens_went_into(int workers)
    {
        var events = TrainingRun.Train(Spec(steps: 4, workers: workers, checkpointEvery: 2), _folder);

        Assert.True(Assert.Single(events.OfType<TrainerEvent.Started>()).PeakFlops > 0);
        Assert.All(events.OfType<TrainerEvent.StepDone>(), step =>
        {
            var row = step.Row;
            Assert.True(row.OptimizerSeconds > 0 && row.DataSeconds + row.ExchangeSeconds + row.OptimizerSeconds < row.Seconds);
            Assert.Equal((row.InputTokens, row.TargetTokens), (row.Tasks.Values.Sum(task => task.InputTokens), row.Tasks.Values.Sum(task => task.TargetTokens)));
            Assert.True(row.SlowestRankSeconds >= row.MeanRankSeconds && row.MeanRankSeconds > 0);
            Assert.InRange(row.SlowestRank, 0, workers - 1);
            Assert.Equal(workers > 1, row.ExchangeBytes > 0);
        });
        Assert.All(events.OfType<TrainerEvent.Saved>(), saved =>
        {
            Assert.True(saved.Seconds > 0);
            var files = Directory.GetFiles(Path.Combine(_folder, "checkpoints", saved.Name));
            Assert.Equal(files.Sum(file => new FileInfo(file).Length), saved.Bytes);
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Planning_a_batch_is_work_on_data(int microBatches)
    {
        // Each look at this clock comes a second after the one before: what lies between two looks takes one second.
        var step = TrainingRun.Train(Spec(steps: 1, microBatches: microBatches), _folder, time: new TickingClock()).OfType<TrainerEvent.StepDone>().Single().Row;

        Assert.Equal(1 + microBatches, step.DataSeconds);
    }

    [Theory]
    [InlineData(3, "After step 2 the weights of rank 2 differ from those of the other 2 ranks.", 2)]
    [InlineData(2, "After step 2 the weights of rank 0 differ from those of rank 1, and there is no majority to say which are right.", null)]
    public void Ranks_that_have_drifted_apart_are_found_at_the_checkpoint(int workers, string message, int? rank)
    {
        var spec = Spec(steps: 4, workers: workers, checkpointEvery: 2);

        var error = Assert.Throws<RanksDifferException>(() => TrainingRun.Train(spec, _folder, specOfLastRank: spec with { Training = spec.Training with { Optimizer = new(LearningRate: 0.5) } }));

        Assert.StartsWith(message, error.Message);
        Assert.Equal(rank, error.Rank);
        Assert.False(Directory.Exists(Path.Combine(_folder, "checkpoints")));
    }

    [Fact]
    public void A_loss_that_is_not_a_number_ends_the_run_before_the_step_and_names_tasks()
    {
        var error = Assert.Throws<NonFiniteException>(() => TrainingRun.Train(Spec(steps: 30, learningRate: 1e30, workers: 2), _folder));

        Assert.Contains("At step", error.Message);
        Assert.Contains("arithmetic", error.Message);
    }

    [Fact]
    public void Ranks_with_other_rows_are_found_before_the_first_step()
    {
        var spec = Spec(steps: 4, workers: 2);
        var other = spec with { Tasks = new SortedDictionary<string, TaskSpec>(spec.Tasks.ToDictionary(), StringComparer.Ordinal) { ["arithmetic"] = new(Builtin: "arithmetic", MaxExamples: 299) } };

        var error = Assert.Throws<SourcesDifferException>(() => TrainingRun.Train(spec, _folder, specOfLastRank: other));

        Assert.Contains("arithmetic", error.Message);
        Assert.Contains("rank 1", error.Message);
        Assert.DoesNotContain("months", error.Message);
    }

    [Fact]
    public void A_checkpoint_of_other_rows_is_refused()
    {
        TrainingRun.Train(Spec(steps: 2, checkpointEvery: 2), _folder);
        var other = Spec(steps: 4) with { Tasks = new Dictionary<string, TaskSpec> { ["days"] = new(Builtin: "days") } };

        Assert.Throws<SourcesDifferException>(() => TrainingRun.Train(other, _folder, from: CheckpointStore.Name(2, 1)));
    }

    [Fact]
    public void A_damaged_checkpoint_is_noticed_whatever_file_is_damaged()
    {
        TrainingRun.Train(Spec(steps: 2, checkpointEvery: 2), _folder);
        var name = CheckpointStore.Name(2, 1);
        var checkpoint = Path.Combine(_folder, "checkpoints", name);
        foreach (var file in Directory.GetFiles(checkpoint))
        {
            var whole = File.ReadAllBytes(file);
            var damaged = (byte[])whole.Clone();
            damaged[^(damaged.Length / 2)] ^= 1;
            File.WriteAllBytes(file, damaged);
            Assert.Throws<CheckpointDamagedException>(() => TrainingRun.Train(Spec(steps: 4), _folder, from: name));
            File.WriteAllBytes(file, whole);
        }

        Assert.Equal(2, TrainingRun.Train(Spec(steps: 4), _folder, from: name).Losses().Count);
    }

    [Fact]
    public void Only_the_last_checkpoints_are_kept()
    {
        TrainingRun.Train(Spec(steps: 12, checkpointEvery: 2), _folder);

        Assert.Equal(
            ["step-00000008-epoch-1", "step-00000010-epoch-1", "step-00000012-epoch-1"],
            Directory.GetDirectories(Path.Combine(_folder, "checkpoints")).Select(path => Path.GetFileName(path)).Order());
    }

    [Fact]
    public void What_another_epoch_saved_further_on_is_not_pruned()
    {
        var other = Directory.CreateDirectory(Path.Combine(_folder, "checkpoints", CheckpointStore.Name(900, 2))).FullName;

        TrainingRun.Train(Spec(steps: 12, checkpointEvery: 2), _folder);

        Assert.True(Directory.Exists(other));
        Assert.True(Directory.Exists(Path.Combine(_folder, "checkpoints", CheckpointStore.Name(12, 1))));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public void A_pause_during_an_evaluation_loses_nothing_of_what_a_run_reports(int workers, int evaluated)
    {
        var spec = Spec(steps: 8, workers: workers) with { Evaluation = new EvaluationSpec(Every: 4, MaxExamples: 6, FinalMaxExamples: 10) };
        var whole = TrainingRun.Train(spec, Output("whole"));
        var count = 0;
        var stopped = TrainingRun.Train(
            spec,
            _folder,
            word => evaluated == 0 ? word is TrainerEvent.StepDone { Row.Step: 4 } : word is TrainerEvent.Evaluated && ++count == evaluated,
            _ => true);
        Assert.Equal(4, Assert.IsType<TrainerEvent.Stopped>(stopped[^1]).Step);
        Assert.Equal(evaluated, stopped.OfType<TrainerEvent.Evaluated>().Count());

        var resumed = TrainingRun.Train(spec, _folder, from: CheckpointStore.Name(4, 1));

        Assert.Equal(Reported(whole), Reported([.. stopped, .. resumed]));
    }

    [Fact]
    public void What_the_coordinator_had_not_stored_is_said_again_by_whoever_goes_on_from_the_checkpoint()
    {
        var spec = Spec(steps: 8, checkpointEvery: 6) with { Evaluation = new EvaluationSpec(Every: 4, MaxExamples: 6, FinalMaxExamples: 10) };
        var whole = TrainingRun.Train(spec, Output("whole"));
        // The coordinator goes away after step 2.
        var cut = TrainingRun.Train(spec, _folder, word => word is TrainerEvent.StepDone { Row.Step: 7 }, word => word is TrainerEvent.StepDone { Row.Step: <= 2 });

        var resumed = TrainingRun.Train(spec, _folder, from: CheckpointStore.Name(6, 1));

        Assert.Equal(Reported(whole), Reported([.. cut.OfType<TrainerEvent.StepDone>().Take(2), .. resumed]));
    }

    // All that a run reports but its times.
    private static IReadOnlyList<string> Reported(IEnumerable<TrainerEvent> events) =>
    [
        .. events.OfType<TrainerEvent.StepDone>().Select(step => $"{step.Row.Step} {step.Row.Loss:R} {step.Row.GradientNorm:R} {step.Row.LearningRate:R} {step.Row.TargetTokens}"),
        .. events.OfType<TrainerEvent.Evaluated>().Select(one => ProtocolJson.Write(one.Row with { Seconds = 0 })).Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void A_text_is_pre_trained_on_the_same_hidden_spans_on_any_number_of_workers_and_after_a_stop()
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{Path.GetRandomFileName()}.txt");
        File.WriteAllLines(file, Enumerable.Range(0, 200).Select(i => $"Line {i % 17} of a text in which {(i % 3 == 0 ? "nothing" : "little")} happens."));
        try
        {
            var spec = Spec(steps: 40, checkpointEvery: 10) with
            {
                Tasks = new Dictionary<string, TaskSpec> { ["text"] = new(Train: new([Path.GetFileName(file)]), Validation: new([Path.GetFileName(file)]), Format: SourceFormat.Text, SpanCorruption: new()) },
            };
            var whole = TrainingRun.Train(spec, Output("whole"));
            var stopped = TrainingRun.Train(spec, _folder, stopAfter: 13);
            var at = Assert.IsType<TrainerEvent.Stopped>(stopped[^1]).Step;
            var resumed = TrainingRun.Train(spec, _folder, from: CheckpointStore.Name(at, 1));
            var shared = TrainingRun.Train(spec with { Workers = 2 }, Output("shared"));

            Assert.Equal(whole.Losses(), [.. stopped.Losses(), .. resumed.Losses()]);
            Assert.All(whole.Losses().Zip(shared.Losses()), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1e-4));
            Assert.True(whole.Losses()[^1] < whole.Losses()[0] - 1, $"the loss went from {whole.Losses()[0]} to {whole.Losses()[^1]}");
            var other = TrainingRun.Train(spec with { Seed = 18 }, Output("other"));
            Assert.NotEqual(whole.Losses(), other.Losses());

            var judged = Judged(whole);
            Assert.Equal((20, 0, 0), (judged.Examples, judged.Metrics.Count, judged.Samples.Count));
            Assert.Equal(judged.Loss, Judged(resumed).Loss);
            Assert.InRange(judged.Loss!.Value - Judged(shared).Loss!.Value, -1e-4, 1e-4);
            Assert.Equal(judged.TargetTokens, Judged(other).TargetTokens);
        }
        finally
        {
            File.Delete(file);
        }

        static EvaluationRow Judged(IEnumerable<TrainerEvent> events) => Assert.Single(events.OfType<TrainerEvent.Evaluated>()).Row;
    }

    // Every batch is all rows, in whatever order: then two runs in a row are one, if the optimizer goes on too.
    [Theory, InlineData(OptimizerKind.Adafactor), InlineData(OptimizerKind.Adamw)]
    public void A_run_that_carries_the_optimizer_goes_on_as_one_run_would_have(OptimizerKind kind)
    {
        var spec = AllRows(kind, steps: 4);
        var whole = TrainingRun.Train(AllRows(kind, steps: 8), Output("whole")).Losses();
        var first = TrainingRun.Train(spec, Output("first")).Losses();
        var model = Path.Combine(_folder, "first", "model");

        var carried = TrainingRun.Train(spec with { Model = new ModelSpec(InitFrom: model, Dropout: 0, CarryOptimizer: true) }, Output("carried"), models: [model]).Losses();
        var anew = TrainingRun.Train(spec with { Model = new ModelSpec(InitFrom: model, Dropout: 0) }, Output("anew"), models: [model]).Losses();

        Assert.All(whole.Zip([.. first, .. carried]), pair => Assert.InRange(pair.First - pair.Second, -1e-4, 1e-4));
        Assert.True(Math.Abs(anew[^1] - whole[^1]) > 1e-2, $"anew {anew[^1]}, carried {carried[^1]}");

        // A model whose checkpoint is gone, or was trained on, has no state to carry.
        Directory.Move(Path.Combine(_folder, "first", "checkpoints", CheckpointStore.Name(4, 1)), Path.Combine(_folder, "moved"));
        var error = Assert.Throws<InvalidDataException>(() => TrainingRun.Train(spec with { Model = new ModelSpec(InitFrom: model, CarryOptimizer: true) }, Output("lost"), models: [model]));
        Assert.Contains("no checkpoint of the weights", error.Message);
    }

    private static RunSpec AllRows(OptimizerKind kind, int steps) => Spec(steps, learningRate: 1e-2) with
    {
        Tasks = new Dictionary<string, TaskSpec> { ["months"] = new(Builtin: "months", MaxExamples: 12) },
        Training = Spec(steps, checkpointEvery: 2).Training with { Optimizer = new OptimizerSpec(kind, LearningRate: 1e-2, ScaleParameter: false), Schedule = new ScheduleSpec() },
        Mixture = new MixtureSpec(),
    };

    private string Output(string name) => Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;

    private static RunSpec Spec(
        int steps, int workers = 1, int microBatches = 1, double dropout = 0, int warmup = 1, double learningRate = 2e-3, int checkpointEvery = 1000) => new(
        "test",
        new SortedDictionary<string, TaskSpec>(StringComparer.Ordinal)
        {
            ["arithmetic"] = new(Builtin: "arithmetic", MaxExamples: 300),
            ["months"] = new(Builtin: "months"),
        },
        new TrainingSpec(
            steps,
            Batch: 12,
            MicroBatches: microBatches,
            InputLength: 64,
            TargetLength: 32,
            Optimizer: new OptimizerSpec(LearningRate: learningRate),
            Schedule: new ScheduleSpec(ScheduleKind.Linear, warmup),
            CheckpointEvery: checkpointEvery),
        Model: new ModelSpec(DModel: 32, DFf: 64, DKv: 8, Heads: 4, Layers: 2, Dropout: dropout, EmbeddingStd: 0.02),
        Mixture: new MixtureSpec(MixingStrategy.Temperature, 2),
        Evaluation: new EvaluationSpec(FinalMaxExamples: 20),
        Workers: workers);
}
