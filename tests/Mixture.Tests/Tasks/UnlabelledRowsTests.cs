using Temper.Mixture.Examples;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Mixture.Tests.Sources;

namespace Temper.Mixture.Tests.Tasks;

/// <summary>Leaderboards keep the labels of their test sets; T5 writes &lt;unk&gt; for them.</summary>
public sealed class UnlabelledRowsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TaskSpec _spec;

    public UnlabelledRowsTests()
    {
        _scratch.Write("train.tsv", "sentence\tlabel\ngood\t1\nbad\t0\n");
        _spec = new TaskSpec(
            Train: new(["train.tsv"]),
            Test: new(["test.tsv"]),
            Inputs: "sst2 sentence: {sentence}",
            Targets: "{label}",
            Map: new Dictionary<string, IReadOnlyDictionary<string, string>> { ["label"] = new Dictionary<string, string> { ["0"] = "negative", ["1"] = "positive" } },
            Labels: ["negative", "positive"],
            Metrics: ["accuracy"]);
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("index\tsentence\n0\tfine\n1\tpoor\n")]
    [InlineData("sentence\tlabel\nfine\t\npoor\t\n")]
    [InlineData("sentence\tlabel\nfine\t-1\npoor\t-1\n")]
    public void A_row_without_a_label_has_the_target_unk(string rows)
    {
        _scratch.Write("test.tsv", rows);

        var task = Load(_spec);

        Assert.Equal([new("sst2 sentence: fine", "<unk>"), new("sst2 sentence: poor", "<unk>")], task.Test);
        Assert.False(TextExample.AreLabelled(task.Test));
        Assert.True(TextExample.AreLabelled(task.Train));
    }

    [Fact]
    public void Labels_without_a_map_and_numbers_have_them_too()
    {
        _scratch.Write("test.tsv", "sentence\tlabel\nfine\t-1\npoor\t\n");
        _scratch.Write("train.tsv", "sentence\tlabel\ngood\t4.2\nbad\t1\n");

        var task = Load(_spec with { Map = null, Labels = null, LabelRange = [0, 5, 0.2], Targets = "{label|fifths}", Metrics = ["pearson"] });

        Assert.Equal(["4.2", "1.0"], task.Train.Select(row => row.Targets));
        Assert.Equal(["<unk>", "<unk>"], task.Test.Select(row => row.Targets));
    }

    [Fact]
    public void In_json_a_label_may_be_null_or_left_out()
    {
        _scratch.Write("train.jsonl", "{\"q\":\"a\",\"answers\":[\"b\"]}\n");
        _scratch.Write("test.jsonl", "{\"q\":\"a\",\"answers\":null}\n{\"q\":\"c\"}\n");

        var task = Load(new TaskSpec(
            Format: SourceFormat.Jsonl, Train: new(["train.jsonl"]), Validation: new(["test.jsonl"]), Inputs: "question: {q}", Targets: "{answers/0}", Metrics: ["token_f1"]));

        Assert.Equal([new("question: a", "<unk>"), new("question: c", "<unk>")], task.Validation);
    }

    [Fact]
    public void Minus_one_and_nothing_are_answers_where_they_are_labels_or_text_is_free()
    {
        _scratch.Write("train.tsv", "sentence\tlabel\ngood\t-1\nbad\t0\n");
        _scratch.Write("test.tsv", "sentence\tlabel\nfine\t-1\npoor\t0\n");

        Assert.Equal(["-1", "0"], Load(_spec with { Map = null, Labels = ["-1", "0"] }).Test.Select(row => row.Targets));
        _scratch.Write("test.tsv", "sentence\tlabel\nfine\t\npoor\t-1\n");
        Assert.Equal(["", "-1"], Load(_spec with { Map = null, Labels = null, Metrics = ["bleu"] }).Test.Select(row => row.Targets));
    }

    [Theory]
    [InlineData("sentence\tlabel\nfine\t1\npoor\t-1\n", "test: test.tsv:3: The row has no label, and other rows of the split have one.")]
    [InlineData("sentence\tlabel\nfine\t\npoor\t0\n", "test: test.tsv:2: The row has no label, and other rows of the split have one.")]
    [InlineData("sentence\tlabel\nfine\t2\npoor\t-1\n", "test.files[0]: test.tsv:2: The column 'label' is '2', which 'map.label' does not list.")]
    [InlineData("index\tlabel\nfine\t1\n", "inputs: 'sentence' is not a column of test.tsv:2")]
    public void What_is_no_missing_label_is_still_a_mistake(string rows, string message)
    {
        _scratch.Write("test.tsv", rows);

        Assert.StartsWith($"tasks.t.{message}", Assert.Throws<SpecException>(() => Load(_spec)).Message);
    }

    [Fact]
    public void Training_rows_need_labels_and_some_split_must_have_the_column()
    {
        _scratch.Write("train.tsv", "sentence\nfine\n");
        _scratch.Write("test.tsv", "sentence\nfine\n");

        Assert.StartsWith("tasks.t.targets: 'label' is not a column of train.tsv:2", Assert.Throws<SpecException>(() => Load(_spec)).Message);
        Assert.StartsWith("tasks.t.targets: 'label' is not a column of test.tsv:2", Assert.Throws<SpecException>(() => Load(_spec with { Train = null })).Message);
        _scratch.Write("dev.tsv", "sentence\tlabel\nfine\t1\n");
        Assert.Equal(["<unk>"], Load(_spec with { Train = null, Validation = new(["dev.tsv"]) }).Test.Select(row => row.Targets));
    }

    private TaskData Load(TaskSpec spec) => TaskLoader.Load("t", spec, [_scratch.Root], TestContext.Current.CancellationToken);
}
