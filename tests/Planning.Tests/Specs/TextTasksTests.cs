using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Objectives;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Reading;
using Temper.Planning.Runs;
using Temper.Planning.Tasks;

namespace Temper.Planning.Tests.Specs;

/// <summary>Texts to pre-train on, as specs and plans.</summary>
public sealed class TextTasksTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("temper-text-").FullName;
    private readonly RunSpec _spec;

    public TextTasksTests()
    {
        File.WriteAllLines(Path.Combine(_root, "train.txt"), Enumerable.Range(0, 200).Select(i => $"This is line {i} of a text to train on."));
        File.WriteAllLines(Path.Combine(_root, "dev.txt"), Enumerable.Range(0, 50).Select(i => $"And this is line {i} to judge by."));
        _spec = Read("""
            name: text
            tasks:
              text:
                format: text
                train: {files: [train.txt]}
                validation: {files: [dev.txt]}
                span_corruption: {}
              days: {builtin: days}
            training: {steps: 10, batch: 8, input_length: 64, target_length: 32}
            """);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Empty_braces_are_T5s_own_settings_and_survive_being_written()
    {
        Assert.Equal(new SpanCorruptionSpec(0.15, 3), _spec.Tasks["text"].SpanCorruption);
        Assert.Null(_spec.Tasks["days"].SpanCorruption);
        var other = _spec.Tasks["text"] with { SpanCorruption = new SpanCorruptionSpec(0.25, 5) };
        Assert.Equal(other.SpanCorruption, ProtocolJson.Read<TaskSpec>(ProtocolJson.Write(other)).SpanCorruption);
    }

    [Theory]
    [InlineData("{noise_density: 0.6}", "tasks.text.span_corruption.noise_density", "0.01 to 0.5")]
    [InlineData("{mean_span: 0.5}", "tasks.text.span_corruption.mean_span", "1 to 100")]
    [InlineData("{mean_spam: 3}", "tasks.text.span_corruption.mean_spam", "Did you mean 'mean_span'?")]
    [InlineData("true", "tasks.text.span_corruption", "an object with keys")]
    public void Wrong_settings_are_refused(string settings, string path, string message)
    {
        var errors = SpecReader.Read($"name: t\ntasks:\n  text:\n    format: text\n    train: {{files: [train.txt]}}\n    span_corruption: {settings}\ntraining: {{steps: 1}}\n").Errors;

        var error = Assert.Single(errors);
        Assert.Equal(path, error.Path);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void A_plan_counts_chunks_and_their_tokens()
    {
        var plan = Plan(_spec).Plan.Tasks.Single(task => task.Name == "text");
        var longest = SpanLengths.Fitting(64, new SpanCorruptionSpec());

        Assert.Equal(Chunks("train.txt", longest.Tokens), plan.TrainExamples);
        Assert.Equal(Chunks("dev.txt", longest.Tokens), plan.ValidationExamples);
        Assert.Equal(0, plan.TestExamples);
        // All chunks but the last have these lengths.
        Assert.InRange(plan.InputTokens / (80 * plan.Rate), longest.Inputs - 1, longest.Inputs);
        Assert.InRange(plan.TargetTokens / (80 * plan.Rate), longest.Targets - 1, longest.Targets);

        int Chunks(string file, int tokens) => (int)Math.Ceiling(new FileInfo(Path.Combine(_root, file)).Length / (double)tokens);
    }

    [Fact]
    public void Targets_that_would_not_fit_are_refused_with_the_length_they_need()
    {
        var error = Refusal(_spec with { Training = _spec.Training with { TargetLength = 10 } });

        Assert.Equal("training.target_length", error.Path);
        Assert.Equal("The span corruption of text makes targets of 14 tokens from inputs of 64, and 10 are allowed. Write at least 14, or a shorter training.input_length.", error.Message);
        Plan(_spec with { Training = _spec.Training with { TargetLength = 14 } });
    }

    [Fact]
    public void Inputs_without_room_for_a_span_are_refused() =>
        Assert.Equal("training.input_length", Refusal(_spec with { Training = _spec.Training with { InputLength = 2 } }).Path);

    [Fact]
    public void More_spans_than_sentinels_are_refused()
    {
        var error = Refusal(_spec with { Training = _spec.Training with { InputLength = 4096, TargetLength = 1024 } });

        Assert.Equal("tasks.text.span_corruption", error.Path);
        Assert.StartsWith("Inputs of 4096 tokens have 227 hidden spans, each with a sentinel of its own, and the vocabulary has 100.", error.Message);
        Plan(_spec with { Training = _spec.Training with { InputLength = 4096, TargetLength = 1024 }, Vocabulary = new VocabularySpec(ExtraIds: 227) });
    }

    [Fact]
    public void More_sentinels_are_advised_only_where_there_can_be_more()
    {
        const string FewerSpans = "a shorter training.input_length, or a longer mean_span.";
        var spec = _spec with { Training = _spec.Training with { InputLength = 4096, TargetLength = 1024 } };

        Assert.EndsWith($"the vocabulary has 100. Write vocabulary.extra_ids: 227 or more, {FewerSpans}", Advice(spec, new ByteVocabulary()));
        Assert.EndsWith(
            $"the vocabulary has 11; on the last bytes there can be 11 at most. Write vocabulary.sentinels: above with extra_ids: 227 or more, {FewerSpans}",
            Advice(spec, new ByteVocabulary(100, SentinelPlace.LastBytes)));
        Assert.EndsWith(
            $"the vocabulary has 11; on the last bytes there can be 11 at most. Write {FewerSpans}",
            Advice(spec with { Model = spec.Model with { InitFrom = "byt5" } }, new ByteVocabulary(100, SentinelPlace.LastBytes)));
        Assert.EndsWith($"the vocabulary has 5, those that its file brings: more cannot be added. Write {FewerSpans}", Advice(spec, new OneTokenForAll()));

        // 65,536 tokens with spans of one token.
        var dense = spec with
        {
            Training = spec.Training with { InputLength = 65_536, TargetLength = 65_536 },
            Tasks = new Dictionary<string, TaskSpec> { ["text"] = spec.Tasks["text"] with { SpanCorruption = new SpanCorruptionSpec(0.5, 1) } },
        };
        Assert.EndsWith($"the vocabulary has 100; more than 10000 cannot be asked for. Write {FewerSpans}", Advice(dense, new ByteVocabulary()));

        // Few enough for the last bytes: 70 tokens hide 10 in 3 spans, which leaves inputs of 60 + 3 + 1 and makes targets of 14.
        var few = spec with { Training = spec.Training with { InputLength = 64, TargetLength = 64 } };
        Assert.EndsWith($"the vocabulary has 2. Write vocabulary.extra_ids: 3 or more, {FewerSpans}", Advice(few, new ByteVocabulary(2, SentinelPlace.LastBytes)));

        static string Advice(RunSpec spec, IVocabulary vocabulary) => Assert.Single(TaskSources.Check(spec, vocabulary)).Message;
    }

    [Fact]
    public void A_text_of_one_token_is_refused()
    {
        File.WriteAllText(Path.Combine(_root, "dev.txt"), "x");
        var text = _spec.Tasks["text"];

        // A byte and the line feed after it are two tokens; one that the vocabulary does not see leaves none.
        Plan(_spec);
        var data = TaskLoader.Load("text", text, [_root], TestContext.Current.CancellationToken);
        var refused = Assert.Throws<SpecException>(() => TaskSources.ToEvaluate(_spec, data, "validation", new OneTokenForAll()));

        Assert.StartsWith("tasks.text.validation: The text is shorter than 2 tokens", refused.Message);
    }

    [Fact]
    public void Memory_is_planned_for_the_chunks_that_there_are()
    {
        long Memory(string text, int inputLength)
        {
            File.WriteAllText(Path.Combine(_root, "train.txt"), text);
            var run = _spec with
            {
                Tasks = new Dictionary<string, TaskSpec> { ["text"] = _spec.Tasks["text"] with { Validation = null } },
                Training = _spec.Training with { InputLength = inputLength, TargetLength = 512 },
            };
            return Plan(run).Plan.MemoryBytes;
        }

        var lines = string.Concat(Enumerable.Repeat("no line is long\n", 1000));

        // Short lines make long chunks; a text shorter than a chunk makes a short one.
        Assert.True(Memory(lines, 1024) > Memory(lines, 256));
        Assert.Equal(Memory("short", 256), Memory("short", 1024));
        Assert.True(Memory(lines, 256) > Memory("short", 256));
    }

    [Fact]
    public void Another_seed_draws_other_chunks_of_the_same_text_and_judges_by_the_same()
    {
        var tasks = Load(_spec);
        var other = tasks.Under(_spec with { Seed = 18 });
        var (one, two) = (Assert.IsType<CorruptedText>(tasks.Sources[1]), Assert.IsType<CorruptedText>(other.Sources[1]));

        Assert.Equal(one.Count, two.Count);
        Assert.NotEqual(one.Chunk(5, 0), two.Chunk(5, 0));
        Assert.Equal(Load(_spec with { Seed = 18 }).Sources[1].Row(5, 0).Inputs.ToArray(), two.Row(5, 0).Inputs.ToArray());
        Assert.Equal(
            tasks.EvaluationRows(1, "validation").Row(3, 0).Inputs.ToArray(),
            Load(_spec with { Seed = 18 }).EvaluationRows(1, "validation").Row(3, 0).Inputs.ToArray());
        Assert.Equal(
            Assert.IsType<CorruptedText>(tasks.EvaluationRows(1, "validation")).Chunk(3, 0),
            Assert.IsType<CorruptedText>(other.EvaluationRows(1, "validation")).Chunk(3, 4));
        Assert.Same(tasks.Sources[0], other.Sources[0]);
    }

    [Fact]
    public void Batches_of_several_epochs_are_the_same_rows_for_one_worker_or_two_and_after_a_resume()
    {
        var tasks = Load(_spec);
        var chunks = tasks.Sources[1].Count;
        var steps = Enumerable.Range(1, (int)(3.5 * chunks / (_spec.Training.Batch * tasks.Rates[1]))).ToList();

        var alone = steps.Select(step => Rows(tasks, _spec, step)).ToList();

        var resumed = Load(_spec);
        Assert.Equal(alone, steps.Select(step => Rows(tasks, _spec with { Workers = 2 }, step)));
        Assert.Equal(alone.Skip(steps.Count / 2), steps.Skip(steps.Count / 2).Select(step => Rows(resumed, _spec, step)));

        var drawn = steps.SelectMany(step => tasks.Planner(_spec).Plan(step).Rows.Where(row => row.Task == 1)).ToList();
        Assert.Equal([0L, 1, 2, 3], drawn.Select(row => row.Epoch).Distinct().Order());
        Assert.Equal(Enumerable.Range(0, chunks), drawn.Where(row => row.Epoch == 1).Select(row => row.Index).Order());

        static string[] Rows(TaskSet tasks, RunSpec spec, int step) =>
        [
            .. tasks.Planner(spec).Plan(step).Rows
                .OrderBy(row => row.Position)
                .Select(row => tasks.Sources[row.Task].Row(row.Index, row.Epoch))
                .Select(row => string.Join(' ', [.. row.Inputs.Span, .. row.Targets.Span])),
        ];
    }

    [Fact]
    public void Evaluated_rows_of_other_tasks_are_their_examples_cut_as_in_training()
    {
        var tasks = Load(_spec with { Training = _spec.Training with { InputLength = 8 } });
        var rows = tasks.EvaluationRows(0, "validation");
        var examples = tasks.Tasks[0].Validation;

        Assert.Equal((examples.Count, examples.Count), (rows.Count, tasks.EvaluationCount(0, "validation")));
        Assert.All(examples.Index(), example =>
        {
            var row = rows.Row(example.Index, 0);
            Assert.Equal(example.Item.Targets, new ByteVocabulary().Decode(row.Targets.Span));
            Assert.StartsWith(new ByteVocabulary().Decode(row.Inputs.Span), example.Item.Inputs, StringComparison.Ordinal);
            Assert.Equal((8, SpecialIds.Eos), (row.Inputs.Length, row.Inputs.Span[^1]));
        });
        Assert.Equal((0, 0), (tasks.EvaluationCount(1, "test"), tasks.EvaluationRows(1, "test").Count));
        Assert.Throws<ArgumentException>(() => TaskSources.TextOf(tasks.Tasks[0], "train"));
    }

    [Fact]
    public void The_beginning_of_a_row_is_shown_with_its_sentinels() =>
        Assert.Contains("<extra_id_0>", Load(_spec).Preview(new PlannedRow(0, 1, 0, 0, 64, 14)));

    private TaskSet Load(RunSpec spec) => TaskSet.Load(spec, [_root], new ByteVocabulary(), () => { });

    private PlannedRun Plan(RunSpec spec)
    {
        var result = new RunPlanner(new PlanningContext([_root])).Plan(spec);
        Assert.Empty(result.Errors);
        return result.Value!;
    }

    private SpecError Refusal(RunSpec spec) => Assert.Single(new RunPlanner(new PlanningContext([_root])).Plan(spec).Errors);

    private static RunSpec Read(string text)
    {
        var result = SpecReader.Read(text);
        Assert.Empty(result.Errors);
        return result.Value!;
    }

    private sealed class OneTokenForAll : IVocabulary
    {
        public int Size => 10;

        public int SentinelCount => 5;

        public int MaxSentinels => 5;

        public string ContentHash => "";

        public int Sentinel(int index) => Size - 1 - index;

        public int[] Encode(string text) => string.IsNullOrWhiteSpace(text) ? [] : [3];

        public string Decode(ReadOnlySpan<int> ids) => "";
    }
}
