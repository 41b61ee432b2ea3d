using CsCheck;
using Temper.Mixture.Mixing;

namespace Temper.Mixture.Tests.Mixing;

public class MixtureScheduleTests
{
    private static readonly Gen<double[]> Rates =
        Gen.OneOf(Gen.Double[0.0001, 1], Gen.Double[0.3, 1], Gen.Const(0.25), Gen.Double[1e-6, 1e-5]).Array[1, 24];

    [Fact]
    public void After_any_number_of_draws_each_task_is_within_one_of_its_share() => Rates.Sample(
        rates =>
        {
            var schedule = new MixtureSchedule(rates);
            var shares = schedule.Rates;
            var counts = new long[rates.Length];
            var draws = new Draw[2_000];
            schedule.Fill(0, draws);
            for (var n = 1; n <= draws.Length; n++)
            {
                counts[draws[n - 1].Task]++;
                for (var task = 0; task < rates.Length; task++)
                {
                    Assert.True(Math.Abs(counts[task] - (n * shares[task])) < 1, $"task {task} has {counts[task]} of {n} draws at rate {shares[task]}");
                }
            }
        },
        iter: 300);

    [Fact]
    public void A_task_counts_its_own_draws_without_gaps() => Rates.Sample(rates =>
    {
        var draws = new Draw[500];
        new MixtureSchedule(rates).Fill(0, draws);
        foreach (var task in draws.GroupBy(draw => draw.Task))
        {
            Assert.Equal(Enumerable.Range(0, task.Count()).Select(n => (long)n), task.Select(draw => draw.Nth));
        }
    });

    [Fact]
    public void A_position_has_the_same_draw_however_it_is_reached()
    {
        double[] rates = [5, 1, 0, 0.03, 2];
        var whole = new Draw[200_000];
        new MixtureSchedule(rates).Fill(0, whole);
        var schedule = new MixtureSchedule(rates);

        foreach (var position in new[] { 150_000, 3, 65_536, 65_535, 199_999, 0, 131_072, 70_000 })
        {
            Assert.Equal(whole[position], schedule.At(position));
        }
    }

    [Fact]
    public void A_task_with_rate_zero_is_never_drawn()
    {
        var draws = new Draw[10_000];
        new MixtureSchedule([1, 0, 1e-9]).Fill(0, draws);

        Assert.DoesNotContain(draws, draw => draw.Task == 1);
    }

    [Fact]
    public void Rates_that_cannot_be_drawn_from_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new MixtureSchedule([0, 0]));
        Assert.Throws<ArgumentException>(() => new MixtureSchedule([1, -1]));
        Assert.Throws<ArgumentException>(() => new MixtureSchedule([double.NaN]));
    }
}
