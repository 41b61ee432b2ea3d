using CsCheck;
using Temper.Mixture.Batching;
using Temper.Mixture.Examples;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Tests.Batching;

public class BatchPlannerTests
{
    private static readonly ITokenSource[] Sources = [Source("long", 50, 40), Source("short", 300, 5), Source("one", 1, 2)];

    [Fact]
    public void Any_number_of_workers_and_micro_batches_sees_the_same_rows() => Gen.Int[1, 200].Sample(
        step =>
        {
            var alone = Planner(1, 1).Plan(step);
            foreach (var (workers, microBatches) in new[] { (2, 1), (4, 1), (1, 2), (2, 4), (4, 6) })
            {
                var plan = Planner(workers, microBatches).Plan(step);
                Assert.Equal(alone.Rows.OrderBy(row => row.Position), plan.Rows.OrderBy(row => row.Position));
                Assert.Equal(alone.TargetTokens, plan.TargetTokens);
                Assert.All(plan.Ranks, rank => Assert.Equal(24 / workers, rank.Sum(rows => rows.Length)));
                Assert.All(plan.Ranks, rank => Assert.Equal(microBatches, rank.Count(rows => rows.Length > 0)));
            }
        },
        iter: 50);

    [Fact]
    public void A_planner_that_starts_in_the_middle_goes_on_as_one_that_never_stopped()
    {
        var whole = Planner(2, 2);
        var plans = Enumerable.Range(1, 60).Select(whole.Plan).ToList();
        var resumed = Planner(2, 2);

        for (var step = 41; step <= 60; step++)
        {
            Assert.Equal(plans[step - 1].Rows, resumed.Plan(step).Rows);
        }
    }

    [Fact]
    public void Each_epoch_of_a_task_has_every_row_once()
    {
        var planner = Planner(1, 1);
        var rows = Enumerable.Range(1, 400).SelectMany(step => planner.Plan(step).Rows).Where(row => row.Task == 0).ToList();

        foreach (var epoch in rows.GroupBy(row => row.Epoch).SkipLast(1))
        {
            Assert.Equal(Enumerable.Range(0, 50), epoch.Select(row => row.Index).Order());
        }

        Assert.NotEqual(rows.Where(row => row.Epoch == 0).Select(row => row.Index), rows.Where(row => row.Epoch == 1).Select(row => row.Index));
    }

    [Fact]
    public void Cutting_into_micro_batches_of_similar_length_saves_padding()
    {
        var one = Planner(1, 1).Plan(1);
        var four = Planner(1, 4).Plan(1);

        Assert.True(four.PaddedTokens < one.PaddedTokens);
        Assert.True(four.PaddedTokens >= four.InputTokens + four.TargetTokens);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(24)]
    public void No_micro_batch_is_larger_than_an_even_cut_could_make_it(int microBatches)
    {
        var planner = Planner(1, microBatches);
        for (var step = 1; step < 50; step++)
        {
            var rows = planner.Plan(step).Ranks[0];
            var longest = rows.Max(part => part.Max(row => row.InputTokens)) + rows.Max(part => part.Max(row => row.TargetTokens));
            Assert.All(rows, part => Assert.True(part.Length * (part.Max(row => row.InputTokens) + part.Max(row => row.TargetTokens)) <= ((24 + microBatches - 1) / microBatches) * longest));
        }
    }

    [Fact]
    public void Another_seed_gives_another_order() =>
        Assert.NotEqual(Planner(1, 1).Plan(1).Rows, new BatchPlanner(Sources, [2, 3, 0.1], 18, 24, 1, 1).Plan(1).Rows);

    private static BatchPlanner Planner(int workers, int microBatches) => new(Sources, [2, 3, 0.1], 17, 24, workers, microBatches);

    private static TokenizedExamples Source(string name, int rows, int words) => TokenizedExamples.Encode(
        name,
        [.. Enumerable.Range(0, rows).Select(i => new TextExample(new string('x', 1 + (i * 7 % words)), new string('y', 1 + (i % 3))))],
        new OneIdPerCharacter(),
        512,
        64);

    private sealed class OneIdPerCharacter : IVocabulary
    {
        public int Size => 1 << 16;

        public int SentinelCount => 0;

        public string ContentHash => "";

        public int Sentinel(int index) => throw new ArgumentOutOfRangeException(nameof(index));

        public int[] Encode(string text) => [.. text.Select(c => (int)c)];

        public string Decode(ReadOnlySpan<int> ids) => "";
    }
}
