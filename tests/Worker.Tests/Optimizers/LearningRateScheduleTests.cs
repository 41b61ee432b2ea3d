using Temper.Contracts.Models;
using Temper.Contracts.Specs;

namespace Temper.Worker.Tests.Optimizers;

public class LearningRateScheduleTests
{
    [Theory]
    [InlineData(ScheduleKind.Constant, 0, 0.1)]
    [InlineData(ScheduleKind.Constant, 9, 1)]
    [InlineData(ScheduleKind.Constant, 1000, 1)]
    [InlineData(ScheduleKind.Linear, 4, 0.5)]
    [InlineData(ScheduleKind.Linear, 10, 1)]
    [InlineData(ScheduleKind.Linear, 60, 0.6)]
    [InlineData(ScheduleKind.Linear, 110, 0.2)]
    [InlineData(ScheduleKind.Linear, 500, 0.2)]
    [InlineData(ScheduleKind.Cosine, 60, 0.6)]
    [InlineData(ScheduleKind.Cosine, 110, 0.2)]
    [InlineData(ScheduleKind.InverseSquareRoot, 9, 1)]
    [InlineData(ScheduleKind.InverseSquareRoot, 39, 0.5)]
    public void Rates_rise_over_the_warm_up_and_then_follow_their_curve(ScheduleKind kind, long step, double rate) =>
        Assert.Equal(rate, new LearningRateSchedule(kind, 1, 10, 110, 0.2).At(step), 1e-12);

    [Theory, InlineData(0, 0.01), InlineData(10_000, 0.01), InlineData(40_000, 0.005)]
    public void T5s_own_is_flat_and_then_falls_with_the_root(long step, double rate) =>
        Assert.Equal(rate, new LearningRateSchedule(ScheduleKind.T5, 1, 10_000).At(step), 1e-12);

    [Theory]
    [InlineData("t5_pretrain", 0, 0.01)]
    [InlineData("t5_pretrain", 10_000, 0.01)]
    [InlineData("t5_pretrain", 40_000, 0.005)]
    [InlineData("t5_finetune", 0, 0.001)]
    [InlineData("t5_finetune", 40_000, 0.001)]
    public void Presets_are_right_as_they_stand(string kind, long step, double rate)
    {
        var training = new TrainingSpec(50_000, Schedule: new ScheduleSpec(kind == "t5_pretrain" ? ScheduleKind.T5Pretrain : ScheduleKind.T5Finetune));

        Assert.Equal(rate, training.LearningRates().At(step), 1e-12);
        Assert.Equal(OptimizerKind.Adafactor, training.OptimizerKind);
    }
}
