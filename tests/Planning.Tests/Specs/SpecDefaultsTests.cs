using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Planning.Reading;
using Temper.Planning.Runs;

namespace Temper.Planning.Tests.Specs;

public class SpecDefaultsTests
{
    private const string Head = "name: a\ntasks: {d: {builtin: dates_en_de}}\n";

    [Theory]
    [InlineData("training: {steps: 10}", OptimizerKind.Adamw, 1e-3, 0.02)]
    [InlineData("training: {steps: 10, optimizer: {kind: adafactor}}", OptimizerKind.Adafactor, 1e-3, 1.0)]
    [InlineData("training: {steps: 10, schedule: {kind: t5_pretrain}}", OptimizerKind.Adafactor, 1.0, 1.0)]
    [InlineData("training: {steps: 10, schedule: {kind: t5_finetune}}", OptimizerKind.Adafactor, 1e-3, 1.0)]
    [InlineData("training: {steps: 10}\nmodel: {embedding_std: 1.0}", OptimizerKind.Adamw, 1e-3, 1.0)]
    [InlineData("training: {steps: 10}\nmodel: {family: v1_0}", OptimizerKind.Adamw, 1e-3, 1.0)]
    [InlineData("training: {steps: 10}\nmodel: {size: t5-small}", OptimizerKind.Adamw, 1e-3, 1.0)]
    [InlineData("training: {steps: 10}\nmodel: {size: t5-1.1-small}", OptimizerKind.Adamw, 1e-3, 0.02)]
    public void Defaults_go_together(string text, OptimizerKind kind, double rate, double std)
    {
        var spec = SpecDefaults.Resolve(SpecReader.Read(Head + text).Value!);

        Assert.Equal((kind, rate, std), (spec.Training.Optimizer.Kind, spec.Training.Optimizer.LearningRate, spec.Model.EmbeddingStd));
        Assert.Empty(ScheduleCheck.Of(spec.Training));
    }

    [Theory]
    [InlineData("schedule: {kind: t5}", "training.optimizer.learning_rate")]
    [InlineData("schedule: {kind: t5, warmup: 10000}, optimizer: {learning_rate: 1e-3}", "training.schedule")]
    [InlineData("schedule: {kind: t5}, optimizer: {learning_rate: 1.0}", "training.schedule")]
    [InlineData("schedule: {kind: t5_pretrain, warmup: 10}", "training.schedule.warmup")]
    [InlineData("schedule: {kind: t5_finetune}, optimizer: {kind: adamw}", "training.optimizer.kind")]
    [InlineData("schedule: {kind: t5_finetune}, optimizer: {learning_rate: 1e-2}", "training.optimizer.learning_rate")]
    public void Combinations_that_cannot_be_meant_are_refused(string training, string path)
    {
        var spec = SpecReader.Read(Head + "training: {steps: 10, " + training + "}").Value!;

        Assert.Equal([path], ScheduleCheck.Of(spec.Training).Select(error => error.Path));
    }

    [Theory]
    [InlineData(
        "training: {steps: 10, schedule: {kind: t5_finetune}}\nmodel: {init_from: x}",
        "training.optimizer.kind adafactor, training.optimizer.learning_rate 0.001, model.carry_optimizer false, evaluation.decode_length 114")]
    [InlineData(
        "training: {steps: 10, target_length: 20}",
        "training.optimizer.kind adamw, training.optimizer.learning_rate 0.001, model.embedding_std 0.02, evaluation.decode_length 20")]
    [InlineData("training: {steps: 10, optimizer: {kind: adafactor, learning_rate: 0.1}}\nmodel: {embedding_std: 1}\nevaluation: {decode_length: 5}", "")]
    [InlineData("training: {steps: 0}\nmodel: {init_from: x}\nevaluation: {decode_length: 5}", "")]
    public void What_was_taken_for_open_settings_is_said(string text, string taken) =>
        Assert.Equal(taken, string.Join(", ", TakenDefaults.Of(SpecReader.Read(Head + text).Value!).Select(one => $"{one.Path} {one.Value}")));

    [Fact]
    public void The_papers_factor_and_warm_up_are_accepted() =>
        Assert.Empty(ScheduleCheck.Of(new TrainingSpec(10, Optimizer: new OptimizerSpec(LearningRate: 1), Schedule: new ScheduleSpec(ScheduleKind.T5, 10_000))));
}
