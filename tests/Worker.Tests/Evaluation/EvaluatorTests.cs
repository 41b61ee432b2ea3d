using System.IO.Pipelines;
using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Examples;
using Temper.Mixture.Metrics;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Tasks;
using Temper.Worker.Collectives;
using Temper.Worker.Evaluation;
using Temper.Worker.Model;
using Temper.Worker.Protocol;
using Temper.Worker.Tests.Collectives;
using Temper.Worker.Tests.Training;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Evaluation;

public class EvaluatorTests
{
    private const int TargetLength = 6;

    private static readonly ByteVocabulary Vocabulary = new(100);

    [Fact]
    public void The_loss_is_the_mean_over_the_target_tokens_of_the_rows_that_are_decoded()
    {
        using var model = Model();
        var tasks = Tasks();
        var task = tasks.Tasks.Single();
        var chosen = Evaluator.Choose(task.Name, task.Validation, 11);
        var (sum, tokens) = (0.0, 0);
        foreach (var row in chosen)
        {
            // Cut as in training: the end of sequence stays.
            var target = Vocabulary.Encode(row.Targets);
            var loss = model.Evaluate(ModelBatch.Of([(int[])[.. Vocabulary.Encode(row.Inputs).Take(19), 1]], [(int[])[.. target.Take(TargetLength - 1), 1]]));
            (sum, tokens) = (sum + loss.Sum, tokens + Math.Min(TargetLength, target.Length + 1));
        }

        var evaluated = Assert.Single(Evaluate(tasks, new SingleCollective(), final: false));

        Assert.Contains(chosen, row => Vocabulary.Encode(row.Targets).Length >= TargetLength);
        Assert.Equal(11, evaluated.Examples);
        Assert.Equal(tokens, evaluated.TargetTokens);
        Assert.Equal(sum / tokens, evaluated.Loss!.Value, 1e-5);
        Assert.NotEmpty(evaluated.Metrics);
    }

    [Fact]
    public void Any_number_of_ranks_finds_the_same_loss_to_the_last_bit()
    {
        var tasks = Tasks();
        var alone = Evaluate(tasks, new SingleCollective(), final: true);

        foreach (var ranks in (int[])[2, 3, 3])
        {
            var shared = Evaluate(tasks, ranks);

            Assert.Equal(["validation", "test"], shared.Select(row => row.Split));
            Assert.Equal(alone.Select(row => row.TargetTokens), shared.Select(row => row.TargetTokens));
            Assert.Equal(alone.Select(row => row.Loss!.Value), shared.Select(row => row.Loss!.Value));
            Assert.Equal(alone.SelectMany(row => row.Metrics), shared.SelectMany(row => row.Metrics));
        }
    }

    [Fact]
    public void More_ranks_than_rows_do_no_harm()
    {
        var tasks = Tasks(rows: 2);

        var shared = Evaluate(tasks, 3);

        Assert.Equal(Evaluate(tasks, new SingleCollective(), final: true).Select(row => row.Loss!.Value), shared.Select(row => row.Loss!.Value));
    }

    [Fact]
    public void A_task_without_metrics_is_not_decoded_and_still_has_its_loss()
    {
        var judged = Evaluate(Tasks(), 2);

        var unjudged = Evaluate(Tasks(metrics: false), 2);

        Assert.Equal(judged.Select(row => row.Loss), unjudged.Select(row => row.Loss));
        Assert.All(unjudged, row => Assert.Empty(row.Metrics));
        Assert.All(unjudged, row => Assert.Empty(row.Samples));
        Assert.All(unjudged, row => Assert.Equal(13, row.Examples));
    }

    [Theory]
    [InlineData("f1", "accuracy")]
    [InlineData("accuracy", "f1")]
    [InlineData("matthews", "accuracy", "exact_match")]
    public void Metrics_keep_the_order_in_which_the_task_declares_them(params string[] names)
    {
        var task = new TaskData("t", [], [new("a", "yes")], [], ["no", "yes"], Metrics(names), "");

        var scores = Evaluator.Score(task, task.Validation, ["yes"]);
        var read = ProtocolJson.Read<EvaluationRow>(ProtocolJson.Write(new EvaluationRow(1, true, "t", "validation", 1, scores, [], 0)));

        Assert.Equal(names.Select(name => name == "matthews" ? "matthews_corrcoef" : name), read.Metrics.Keys);
        Assert.Equal(read.Metrics.Keys.First(), MainMetric.Of(read.Metrics));
    }

    [Fact]
    public void What_is_not_labelled_is_answered_and_not_judged()
    {
        var tasks = Tasks(targets: _ => TextExample.NoLabel);

        var evaluated = Evaluate(tasks, new SingleCollective(), final: true);

        Assert.Equal(["validation", "test"], evaluated.Select(row => row.Split));
        Assert.All(evaluated, row =>
        {
            Assert.False(row.Labelled);
            Assert.Equal([KeyValuePair.Create("exact_match", (double?)null)], row.Metrics);
            Assert.Null(row.Loss);
            Assert.Equal(0, row.TargetTokens);
            Assert.Equal("<unk>", row.Samples[0].Target);
        });
        Assert.True(ProtocolJson.Read<EvaluationRow>("""{"step":1,"final":true,"task":"t","split":"test","examples":1,"metrics":{},"samples":[],"seconds":1}""").Labelled);
    }

    [Fact]
    public void Metrics_that_cannot_count_are_warned_of()
    {
        var tasks = Tasks(targets: _ => "two words", names: ["exact_match", "bleu"]);

        Assert.All(Evaluate(tasks, new SingleCollective(), final: true), row => Assert.StartsWith("No target has the four tokens that bleu counts", Assert.Single(row.Warnings!)));
        Assert.All(Evaluate(Tasks(), new SingleCollective(), final: true), row => Assert.Null(row.Warnings));
    }

    [Fact]
    public void A_loss_that_is_not_a_number_is_left_out_and_answers_of_such_a_model_are_refused()
    {
        using var model = Model();
        model.Parameters.ValueSpan.Fill(float.NaN);
        model.Parameters.ValuesChanged();

        Assert.All(Evaluate(Tasks(metrics: false), new SingleCollective(), final: true, model), row => Assert.Null(row.Loss));
        var refused = Assert.Throws<NonFiniteException>(() => Evaluate(Tasks(), new SingleCollective(), final: true, model));
        Assert.Matches("^Row [0-9]+ has logits that are not finite", refused.Message);
    }

    [Fact]
    public void Logits_that_are_not_finite_on_one_rank_end_all_ranks_with_the_same_message()
    {
        using var ring = new LoopbackRing(2, callDeadline: TimeSpan.FromSeconds(5));
        var tasks = Tasks(rows: 3);

        // Three rows are one batch: the first rank scores it and meets no logits, the last one decodes it.
        var failures = ring.OnAll(rank =>
        {
            using var endless = new EndlessPredictor(logit: float.NaN);
            return Record.Exception(() => Evaluate(tasks, rank, final: true, endless));
        });

        Assert.All(failures, failure => Assert.Matches("^Row [1-3] has logits that are not finite", Assert.IsType<NonFiniteException>(failure).Message));
        Assert.Equal(failures[1]!.Message, failures[0]!.Message);
    }

    [Theory]
    [InlineData(null, TargetLength)]
    [InlineData(3, 3)]
    [InlineData(90, 90)]
    public void An_answer_that_never_ends_is_as_long_as_the_setting_says_whatever_the_references(int? decodeLength, int expected)
    {
        using var endless = new EndlessPredictor();
        var spec = Spec() with { Evaluation = Spec().Evaluation with { DecodeLength = decodeLength, Samples = 1 } };

        Assert.All(Evaluate(Tasks(targets: _ => "1"), new SingleCollective(), final: true, endless, spec), row => Assert.Equal(new string('a', expected), row.Samples[0].Prediction));
    }

    [Theory, InlineData(1), InlineData(2)]
    public void A_stop_breaks_a_split_off_at_the_next_position_on_all_ranks(int ranks)
    {
        using var ring = new LoopbackRing(ranks);
        var tasks = Tasks(rows: 3);

        // Three rows are one batch: the first of two ranks scores it, the last one decodes it, and is asked to stop in the middle.
        var positions = ring.OnAll(rank =>
        {
            var heard = new TrainingRun.EventSink(_ => { });
            using var channel = TrainerChannel.Open(new Pipe().Reader.AsStream(), heard, () => { });
            using var endless = new EndlessPredictor(position =>
            {
                if (position == 5)
                {
                    channel.RequestStop();
                }
            });
            Assert.False(new Evaluator(endless, tasks, Vocabulary, Spec(), rank, channel).Run(0, final: true));
            Assert.Empty(heard.Events.OfType<TrainerEvent.Evaluated>());
            return endless.Positions;
        });

        Assert.Equal(5, positions.Sum());
    }

    [Fact]
    public void Rows_are_scored_in_their_order_whatever_their_lengths()
    {
        using var model = Model();
        var random = new Random(3);
        int[] Ids(int most) => [.. Enumerable.Range(0, random.Next(1, most)).Select(_ => random.Next(3, 300)), 1];
        var rows = Enumerable.Range(0, 10).Select(_ => new TokenRow(Ids(9), Ids(7))).ToList();
        var batches = 0;

        var loss = new TargetScorer(batch: 4).Score(model, rows, () => batches++);

        Assert.Equal(3, batches);
        Assert.Equal(rows.Select(row => row.Targets.Length), loss.RowTokens);
        Assert.All(rows.Zip(loss.RowLoss), pair => Assert.Equal(model.Evaluate(ModelBatch.Of([pair.First.Inputs], [pair.First.Targets])).Sum, pair.Second, 1e-4));
    }

    private static T5Model Model() => new(
        T5Sizes.Get("tiny") with { VocabularySize = 384, ModelSize = 16, HiddenSize = 16, EncoderLayers = 1, DecoderLayers = 1 },
        Precision.Fp32,
        new T5Initialization(4, 0.3));

    private static RunSpec Spec() => new(
        "test",
        new Dictionary<string, TaskSpec> { ["arithmetic"] = new(Builtin: "arithmetic") },
        new TrainingSpec(0, InputLength: 20, TargetLength: TargetLength),
        Evaluation: new EvaluationSpec(MaxExamples: 11, Batch: 4));

    private static TaskSet Tasks(int rows = 13, bool metrics = true, Func<string, string>? targets = null, string[]? names = null)
    {
        var task = TaskLoader.Load("arithmetic", Spec().Tasks["arithmetic"], []);
        // Longer targets than are let through, and rows of many lengths.
        var examples = task.Validation.Take(rows).Select((row, i) => row with { Targets = targets?.Invoke(row.Targets) ?? (row.Targets + new string('x', i)) }).ToList();
        return TaskSet.Encode(Spec(), [task with { Validation = examples, Test = examples, Metrics = names is not null ? Metrics(names) : metrics ? task.Metrics : [] }], Vocabulary, () => { });
    }

    private static List<Metric> Metrics(string[] names) =>
        [.. names.Select(name => MetricCatalog.TryGet(name, out var metric) ? metric : throw new ArgumentException(name))];

    private static IReadOnlyList<EvaluationRow> Evaluate(TaskSet tasks, int ranks)
    {
        using var ring = new LoopbackRing(ranks);
        return ring.OnAll(rank => Evaluate(tasks, rank, final: true))[0];
    }

    private static IReadOnlyList<EvaluationRow> Evaluate(TaskSet tasks, ICollective collective, bool final, IPredictor? model = null, RunSpec? spec = null)
    {
        using var own = Model();
        var heard = new TrainingRun.EventSink(_ => { });
        using (var channel = TrainerChannel.Open(new Pipe().Reader.AsStream(), heard, () => { }))
        {
            Assert.True(new Evaluator(model ?? own, tasks, Vocabulary, spec ?? Spec(), collective, channel).Run(0, final));
        }

        return [.. heard.Events.OfType<TrainerEvent.Evaluated>().Select(word => word.Row)];
    }

    /// <summary>Answers everything with the letter a, without end.</summary>
    private sealed class EndlessPredictor(Action<int>? atPosition = null, float logit = 1) : IPredictor
    {
        public int Positions { get; private set; }

        public int VocabularySize => 384;

        public long ParameterCount => 0;

        public IDecoding StartDecoding(int[] inputIds, int rows, int inputLength) => new Decoding(position =>
        {
            Positions++;
            atPosition?.Invoke(position);
        }, logit);

        public BatchLoss Evaluate(ModelBatch batch) => new(new double[batch.Rows], [.. Enumerable.Repeat(1, batch.Rows)], ZLoss: 0);

        public Tensor Logits(ModelBatch batch) => throw new NotSupportedException();

        public void Dispose()
        {
        }

        private sealed class Decoding(Action<int> stepped, float logit) : IDecoding
        {
            public int Position { get; private set; }

            public Tensor Step(int[] ids)
            {
                stepped(++Position);
                var logits = zeros(ids.Length, 384);
                logits[.., Vocabulary.Encode("a")[0]] = logit;
                return logits;
            }

            public void Select(int[] rows)
            {
            }

            public void Dispose()
            {
            }
        }
    }
}
