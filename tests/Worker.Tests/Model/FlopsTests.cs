using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Tasks;
using Temper.Worker.Model;
using Temper.Worker.Native;
using Temper.Worker.Tests.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Model;

/// <summary>What training is said to cost against the matrix products that torch really runs.</summary>
[Collection(OperatorTrace.Alone)]
public class FlopsTests
{
    // No size is that of another one, so that products can be told apart.
    private static readonly T5Config Shape = new(
        VocabularySize: 1000, ModelSize: 192, HeadSize: 40, HiddenSize: 448, Heads: 5, EncoderLayers: 3, DecoderLayers: 2, Gated: false, Tied: true);

    // Rows, input length, target length, and how much shorter each next row is: one rectangle, padded ones, one that is mostly targets
    // and needs several blocks of the vocabulary product.
    public static TheoryData<int, int, int, int> Rectangles { get; } = new()
    {
        { 4, 64, 24, 0 },
        { 3, 37, 21, 5 },
        { 1, 90, 7, 0 },
        { 14, 18, 90, 1 },
    };

    public FlopsTests() => TorchLibrary.Load();

    [Fact]
    public void The_trace_counts_every_kind_of_product()
    {
        using var scope = NewDisposeScope();
        var (matrix, batch) = (ones(3, 5), ones(2, 3, 5));

        var products = OperatorTrace.Products(() =>
        {
            matrix.mm(ones(5, 7));
            batch.bmm(ones(2, 5, 7));
            batch.matmul(ones(5, 7));
            nn.functional.linear(matrix, ones(7, 5), ones(7));
            ones(3, 7).addmm(matrix, ones(5, 7));
        });

        Assert.Equal([210, 420, 420, 210, 210], products.Select(product => product.Flops));
    }

    [Theory, MemberData(nameof(Rectangles))]
    public void Training_takes_the_products_that_are_counted(int rows, int inputs, int targets, int shorter)
    {
        foreach (var (gated, tied) in (ReadOnlySpan<(bool, bool)>)[(false, true), (true, false), (true, true), (false, false)])
        {
            Check(Shape with { Gated = gated, Tied = tied }, Precision.Fp32, rows, inputs, targets, shorter);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Training_in_bfloat16_takes_the_same_products(bool v10) =>
        Check(Shape with { Gated = !v10, Tied = v10 }, Precision.Bf16, rows: 3, inputs: 37, targets: 21, shorter: 5);

    [Fact]
    public void A_planned_step_takes_the_products_of_all_its_micro_batches()
    {
        var config = Shape with { VocabularySize = 384, Gated = true, Tied = false };
        var spec = new RunSpec(
            "test",
            new SortedDictionary<string, TaskSpec> { ["arithmetic"] = new(Builtin: "arithmetic"), ["months"] = new(Builtin: "months") },
            new TrainingSpec(2, Batch: 24, MicroBatches: 3, InputLength: 70, TargetLength: 40),
            Workers: 2);
        var tasks = TaskSet.Load(spec, [], new ByteVocabulary(100), () => { });
        var plan = tasks.Planner(spec).Plan(1);
        using var model = new T5Model(config, Precision.Fp32, new T5Initialization());

        var products = OperatorTrace.Products(() =>
        {
            foreach (var rows in plan.Ranks.SelectMany(rank => rank))
            {
                var read = rows.Select(row => tasks.Sources[row.Task].Row(row.Index, row.Epoch)).ToList();
                model.AccumulateGradients(ModelBatch.Of([.. read.Select(row => row.Inputs)], [.. read.Select(row => row.Targets)]), 1);
            }
        });

        Assert.Equal(6, plan.Ranks.Sum(rank => rank.Count));
        Assert.True(T5Costs.UnpaddedFlops(config, plan) < T5Costs.TrainingFlops(config, plan));
        Agree(config, T5Costs.TrainingFlops(config, plan), products);
    }

    private static void Check(T5Config config, Precision precision, int rows, int inputs, int targets, int shorter)
    {
        var random = new Random(1);
        int[] Rectangle(int length) => [.. Enumerable.Range(0, rows).SelectMany(row =>
            Enumerable.Range(0, length).Select(i => i < length - (row * shorter) ? random.Next(2, config.VocabularySize) : 0))];
        var batch = new ModelBatch(rows, inputs, targets, Rectangle(inputs), Rectangle(targets));
        using var model = new T5Model(config, precision, new T5Initialization());

        var products = OperatorTrace.Products(() => model.AccumulateGradients(batch, 1f / batch.TargetTokens, dropoutSeed: 1, zLoss: 1e-4));

        Agree(config, T5Costs.TrainingFlops(config, rows, inputs, targets, batch.TargetTokens), products);
    }

    /// <summary>Exactly, but for the lookups of position biases, which this implementation writes as products.</summary>
    private static void Agree(T5Config config, double expected, IReadOnlyList<MatrixProduct> products)
    {
        bool IsLookup(MatrixProduct product) => product.Left.Contains(config.Buckets) && (product.Left.Contains(config.Heads) || product.Right.Contains(config.Heads));
        var lookups = products.Where(IsLookup).Sum(product => product.Flops);

        Assert.NotEqual(0, lookups);
        Assert.Equal(expected, products.Sum(product => product.Flops) - lookups);
        Assert.InRange(lookups / expected, 0, 0.02);
    }
}
