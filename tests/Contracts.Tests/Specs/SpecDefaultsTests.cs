using Temper.Contracts.Models;
using Temper.Contracts.Specs;

namespace Temper.Contracts.Tests.Specs;

public class SpecDefaultsTests
{
    private const string Head = "name: a\ntasks: {d: {builtin: dates_en_de}}\n";

    [Theory]
    [InlineData("training: {steps: 10}", OptimizerKind.Adamw, 1e-3, 0.02)]
    [InlineData("training: {steps: 10, optimizer: {kind: adafactor}}", OptimizerKind.Adafactor, 1e-3, 1.0)]
    [InlineData("training: {steps: 10, schedule: {kind: t5_pretrain}}", OptimizerKind.Adafactor, 1.0, 1.0)]
    [InlineData("training: {steps: 10, schedule: {kind: t5_finetune}}", OptimizerKind.Adafactor, 1e-3, 1.0)]
    [InlineData("training: {steps: 10}\nmodel: {embedding_std: 1.0}", OptimizerKind.Adamw, 1e-3, 1.0)]
    public void Defaults_go_together(string text, OptimizerKind kind, double rate, double std)
    {
        var spec = SpecDefaults.Resolve(SpecReader.Read(Head + text).Value!);

        Assert.Equal((kind, rate, std), (spec.Training.Optimizer.Kind, spec.Training.Optimizer.LearningRate, spec.Model.EmbeddingStd));
        Assert.Empty(SpecDefaults.Check(spec.Training));
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

        Assert.Equal([path], SpecDefaults.Check(spec.Training).Select(error => error.Path));
    }

    [Fact]
    public void The_papers_factor_and_warm_up_are_accepted() =>
        Assert.Empty(SpecDefaults.Check(new TrainingSpec(10, Optimizer: new OptimizerSpec(LearningRate: 1), Schedule: new ScheduleSpec(ScheduleKind.T5, 10_000))));
}
