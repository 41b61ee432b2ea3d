using Temper.Mixture.Objectives;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Mixture.Tests.Sources;

namespace Temper.Mixture.Tests.Tasks;

/// <summary>Tasks whose rows are a text to pre-train on.</summary>
public sealed class TextTaskTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TaskSpec _text;

    public TextTaskTests()
    {
        _scratch.Write("book.txt", "\nChapter one\n \n  It begins.\n\nChapter two\n");
        _scratch.Write("documents.jsonl", "{\"title\": \"A\", \"body\": \"First.\"}\n{\"title\": \"B\", \"body\": \"Second.\"}\n");
        _text = new TaskSpec(Train: new(["book.txt"]), Format: SourceFormat.Text, SpanCorruption: new SpanCorruptionSpec());
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Lines_between_blank_lines_are_a_document()
    {
        var task = Load(_text with { Validation = new(["book.txt"]) });

        Assert.Equal(["Chapter one", "  It begins.", "Chapter two"], task.Train.Select(row => row.Inputs));
        Assert.Equal(task.Train, task.Validation);
        Assert.All(task.Train, row => Assert.Empty(row.Targets));
        Assert.Equal(new SpanCorruptionSpec(), task.SpanCorruption);
        Assert.Empty(task.Metrics);
        Assert.Null(task.Labels);

        _scratch.Write("more.txt", "One,\r\ntwo,\n  three.\n\t\n\nAnd\nmore");
        Assert.Equal(
            ["Chapter one", "  It begins.", "Chapter two", "One,\ntwo,\n  three.", "And\nmore", "Chapter one", "  It begins.", "Chapter two"],
            Load(_text with { Train = new(["book.txt", "more.txt", "book.txt"]) }).Train.Select(row => row.Inputs));
    }

    [Fact]
    public void What_the_pattern_makes_no_text_of_parts_documents()
    {
        _scratch.Write("wiki.txt", "<doc id=1>\nFirst\nof two\n</doc>\n<doc id=2>\nLast\n</doc>\n");

        Assert.Equal(
            ["First\nof two", "Last"],
            Load(_text with { Train = new(["wiki.txt"]), Pattern = "^(?:</?doc.*|(?<text>.*))$" }).Train.Select(row => row.Inputs));
    }

    [Theory]
    [InlineData(SourceFormat.Tsv, "text\nOne\n\ntwo\n")]
    [InlineData(SourceFormat.Csv, "text\n\"One\"\ntwo\n")]
    [InlineData(SourceFormat.Jsonl, "{\"text\": \"One\"}\n{\"text\": \" \"}\n{\"text\": \"two\"}\n")]
    public void A_row_of_another_format_is_a_document(SourceFormat format, string text)
    {
        _scratch.Write("rows", text);

        Assert.Equal(["One", "two"], Load(_text with { Train = new(["rows"]), Format = format }).Train.Select(row => row.Inputs));
    }

    [Fact]
    public void Shares_and_rows_that_are_held_out_are_whole_documents()
    {
        var documents = Enumerable.Range(0, 200).Select(i => $"first line of {i}\nthe same line\nlast line of {i}").ToList();
        _scratch.Write("many.txt", string.Join("\n\n", documents));

        var task = Load(_text with { Train = new(["many.txt"], Share: [0, 0.8]), Validation = new(["many.txt"], Share: [0.8, 1]) });
        Assert.InRange(task.Validation.Count, 20, 60);
        Assert.Equal(documents.Order(), task.Train.Concat(task.Validation).Select(row => row.Inputs).Order());

        _scratch.Write("held.txt", string.Join("\n\n", documents.Take(10)) + "\n\nthe same line\n");
        var rest = Load(_text with { Train = new(["many.txt"], HoldOutBy: ["text"]), Validation = new(["held.txt"]) });
        Assert.Equal(documents.Skip(10), rest.Train.Select(row => row.Inputs));
    }

    [Fact]
    public void Inputs_say_what_the_text_of_a_row_is()
    {
        var spec = new TaskSpec(Train: new(["documents.jsonl"]), Format: SourceFormat.Jsonl, Inputs: "{title}: {body}", SpanCorruption: new SpanCorruptionSpec());

        Assert.Equal(["A: First.", "B: Second."], Load(spec).Train.Select(row => row.Inputs));
        Assert.Equal(
            "tasks.t.inputs: 'text' is not a column of documents.jsonl:1. Known: title, body.",
            Assert.Single(TaskLoader.Check("tasks.t", spec with { Inputs = null }, [_scratch.Root])).ToString());
    }

    [Fact]
    public void Answers_and_their_judgement_are_refused()
    {
        var errors = TaskLoader.Check("tasks.t", _text with { Targets = "{text}", Labels = ["a"], LabelRange = [0, 1, 0.5], Metrics = ["bleu"] }, [_scratch.Root]);

        Assert.Equal(["tasks.t.targets", "tasks.t.labels", "tasks.t.label_range", "tasks.t.metrics"], errors.Select(error => error.Path));
        Assert.Equal("'metrics' does not go with 'span_corruption', whose targets are the hidden spans and which is judged by its loss. Leave it out.", errors[^1].Message);
    }

    [Fact]
    public void A_built_in_task_is_not_a_text() =>
        Assert.Equal("tasks.t.span_corruption", Assert.Single(TaskLoader.Check("tasks.t", new TaskSpec(Builtin: "days", SpanCorruption: new SpanCorruptionSpec()), [])).Path);

    [Fact]
    public void A_text_of_blank_lines_is_refused()
    {
        _scratch.Write("book.txt", "\n \n\t\n");

        Assert.StartsWith("tasks.t.train: No row is left for this split.", Assert.Throws<SpecException>(() => Load(_text)).Message);
    }

    [Fact]
    public void The_number_of_examples_is_of_chunks_and_leaves_the_documents_alone()
    {
        var task = Load(_text with { MaxExamples = 2 });

        Assert.Equal((3, 2), (task.Train.Count, task.MaxChunks));
    }

    [Fact]
    public void The_hash_follows_the_text_and_what_is_made_of_it()
    {
        string[] hashes =
        [
            Load(_text).ContentHash,
            Load(_text with { SpanCorruption = new SpanCorruptionSpec(NoiseDensity: 0.2) }).ContentHash,
            Load(_text with { SpanCorruption = new SpanCorruptionSpec(MeanSpan: 5) }).ContentHash,
            Load(_text with { MaxExamples = 2 }).ContentHash,
            Load(_text with { Validation = new(["book.txt"]) }).ContentHash,
            Load(new TaskSpec(Train: new(["book.txt"]), Format: SourceFormat.Text, Inputs: "{text}", Targets: "{text}", Metrics: ["bleu"])).ContentHash,
        ];

        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(hashes[0], Load(_text).ContentHash);
        _scratch.Write("book.txt", "Chapter one\n  It begins.\nChapter 2\n");
        Assert.DoesNotContain(Load(_text).ContentHash, hashes);
    }

    [Fact]
    public void The_hash_differs_from_that_of_versions_whose_chunks_had_the_same_borders_in_each_epoch() =>
        // SHA-256 of what they hashed: the name, "span_corruption 0.15 3 " and the rows.
        Assert.NotEqual("1b872a7a6e1ace942a7a19192a2b9d99a61bdb8564670450f4a6bc0a3a34169a", Load(_text).ContentHash);

    private TaskData Load(TaskSpec spec) => TaskLoader.Load("t", spec, [_scratch.Root], TestContext.Current.CancellationToken);
}
