using Temper.Mixture.Examples;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Mixture.Tests.Sources;

namespace Temper.Mixture.Tests.Tasks;

public sealed class TaskLoaderTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_content_hash_follows_the_name_every_row_and_their_order()
    {
        var one = Load(Words("a", "b"));

        Assert.Equal(one.ContentHash, Load(Words("a", "b")).ContentHash);
        Assert.Matches("^[0-9a-f]{64}$", one.ContentHash);
        Assert.NotEqual(one.ContentHash, Load(Words("b", "a")).ContentHash);
        Assert.NotEqual(one.ContentHash, Load(Words("a", "b", "c")).ContentHash);
        Assert.NotEqual(one.ContentHash, TaskLoader.Load("other", Words("a", "b"), [_scratch.Root], TestContext.Current.CancellationToken).ContentHash);
    }

    [Fact]
    public void A_row_moved_from_one_split_to_the_next_changes_the_hash()
    {
        var a = new TextExample("a", "1");
        var b = new TextExample("b", "2");

        Assert.NotEqual(ContentHasher.Of("t", [a, b], []), ContentHasher.Of("t", [a], [b]));
    }

    [Fact]
    public void Fewer_examples_are_a_part_of_more_examples()
    {
        var spec = Words([.. Enumerable.Range(0, 100).Select(i => $"word{i}")]);

        var ten = Load(spec with { MaxExamples = 10 }).Train;
        var twenty = Load(spec with { MaxExamples = 20 }).Train;

        Assert.Equal(10, ten.Count);
        Assert.Equal(ten, twenty.Take(10));
        Assert.NotEqual(Load(spec).Train.Take(10), ten);
        Assert.Equal(100, Load(spec with { MaxExamples = 500 }).Train.Count);
    }

    [Fact]
    public void A_mistake_far_down_in_a_file_is_refused_with_its_line()
    {
        _scratch.Write("t.tsv", "text\tlabel\n" + string.Concat(Enumerable.Repeat("x\tyes\n", 150)) + "x\tmaybe\n");
        var spec = new TaskSpec(Train: new(["t.tsv"]), Inputs: "{text}", Targets: "{label}", Labels: ["no", "yes"], Metrics: ["accuracy"]);

        Assert.Empty(TaskLoader.Check("tasks.t", spec, [_scratch.Root]));
        var refused = Assert.Throws<SpecException>(() => Load(spec));

        Assert.StartsWith("tasks.t.train: t.tsv:152: The target 'maybe' is not among the labels", refused.Message);
    }

    [Fact]
    public void Training_rows_that_are_validated_can_be_held_out()
    {
        _scratch.Write("train.tsv", "id\ttext\n1\ta\n2\tb\n3\tc\n");
        _scratch.Write("dev.tsv", "id\ttext\n2\tB (other spelling)\n");
        var spec = new TaskSpec(Train: new(["train.tsv"], HoldOutBy: ["id"]), Validation: new(["dev.tsv"]), Inputs: "{text}", Targets: "{id}", Metrics: ["exact_match"]);

        Assert.Equal(["a", "c"], Load(spec).Train.Select(example => example.Inputs));
    }

    [Fact]
    public void A_split_that_comes_out_empty_is_refused()
    {
        var spec = Words("a", "b");

        var refused = Assert.Throws<SpecException>(() => Load(spec with { Train = spec.Train! with { Share = [0, 0.0001] } }));

        Assert.StartsWith("tasks.t.train: No row is left for this split.", refused.Message);
    }

    [Fact]
    public void A_wrong_spec_is_refused_with_all_its_mistakes()
    {
        var refused = Assert.Throws<SpecException>(() => Load(new TaskSpec()));

        Assert.Equal(["tasks.t.inputs", "tasks.t.targets", "tasks.t.train", "tasks.t.metrics"], refused.Errors.Select(error => error.Path));
    }

    [Fact]
    public void A_built_in_task_takes_other_metrics_and_fewer_rows()
    {
        var task = Load(new TaskSpec(Builtin: "days", Metrics: ["bleu"], MaxExamples: 5));

        Assert.Equal("bleu", Assert.Single(task.Metrics).Name);
        Assert.Equal(5, task.Train.Count);
        Assert.Equal("t", task.Name);
    }

    private TaskData Load(TaskSpec spec) => TaskLoader.Load("t", spec, [_scratch.Root], TestContext.Current.CancellationToken);

    private TaskSpec Words(params string[] words)
    {
        _scratch.Write("words.txt", string.Join('\n', words));
        return new TaskSpec(Format: SourceFormat.Text, Train: new(["words.txt"]), Inputs: "say: {text}", Targets: "{text}", Metrics: ["exact_match"]);
    }
}
