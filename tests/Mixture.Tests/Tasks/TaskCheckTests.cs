using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Mixture.Tests.Sources;

namespace Temper.Mixture.Tests.Tasks;

public sealed class TaskCheckTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TaskSpec _good;

    public TaskCheckTests()
    {
        _scratch.Write("train.tsv", "sentence\tlabel\ngood\t1\nbad\t0\n");
        _scratch.Write("dev.tsv", "sentence\tlabel\nfine\t1\n");
        _good = new TaskSpec(
            Train: new(["train.tsv"]),
            Validation: new(["dev.tsv"]),
            Inputs: "sst2 sentence: {sentence}",
            Targets: "{label}",
            Map: LabelMap(("0", "negative"), ("1", "positive")),
            Labels: ["negative", "positive"],
            Metrics: ["accuracy"]);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_right_spec_has_no_mistakes() => Assert.Empty(Check(_good));

    [Fact]
    public void All_mistakes_are_reported_at_once_each_with_its_place()
    {
        var errors = Check(_good with
        {
            Train = new(["trian.tsv", "../../etc/passwd"], Share: [0.8, 0.2]),
            Inputs = "{sentense} {sentence|upper}",
            Encoding = "utf8",
            Labels = ["negative", "negative"],
            Metrics = ["acuracy", "bleu", "bleu"],
            MaxExamples = 0,
            Rate = -1,
        });

        string[] places = [.. errors.Select(error => error.Path)];
        string[] expected =
        [
            "tasks.t.max_examples", "tasks.t.rate", "tasks.t.encoding", "tasks.t.labels[1]", "tasks.t.inputs", "tasks.t.train.files[0]",
            "tasks.t.train.files[1]", "tasks.t.train.share", "tasks.t.metrics[0]", "tasks.t.metrics[2]",
        ];
        Assert.Equal(expected, places);
    }

    [Fact]
    public void An_unknown_column_is_answered_with_the_columns_of_the_file()
    {
        var error = Assert.Single(Check(_good with { Inputs = "{sentense}" }));

        Assert.Equal("tasks.t.inputs: 'sentense' is not a column of train.tsv:2; did you mean 'sentence'? Known: sentence, label.", error.ToString());
    }

    [Theory]
    [InlineData(SourceFormat.Tsv, "{\"sentence\": \"good\", \"label\": 1}", "The lines look like JSON objects: write format: jsonl.")]
    [InlineData(SourceFormat.Tsv, "sentence,label", "The first line has commas: write format: csv.")]
    [InlineData(SourceFormat.Csv, "sentence\tlabel", "The first line has tabs: write format: tsv.")]
    public void A_file_in_another_format_than_the_spec_says_is_recognised(SourceFormat format, string first, string remedy)
    {
        _scratch.Write("other", $"{first}\n{first}\n");
        var errors = Check(_good with { Format = format, Train = new(["other"]), Validation = null });

        Assert.EndsWith(remedy, errors[0].Message);
    }

    [Fact]
    public void A_column_of_a_thousand_letters_does_not_make_a_message_of_a_thousand_letters()
    {
        _scratch.Write("long.tsv", $"{new string('x', 1000)}\tlabel\na\tb\n");
        var errors = Check(_good with { Train = new(["long.tsv"]), Validation = null });

        Assert.All(errors, error => Assert.InRange(error.Message.Length, 1, 250));
    }

    [Theory]
    [InlineData("metrics[0]", "'acuracy' is not a metric; did you mean 'accuracy'? Known: accuracy, exact_match")]
    public void An_unknown_metric_is_answered_with_the_known_ones(string place, string message) =>
        AssertOne(_good with { Metrics = ["acuracy"] }, place, message);

    [Fact]
    public void A_task_may_have_rows_to_evaluate_alone()
    {
        Assert.Empty(Check(_good with { Train = null }));
        Assert.Empty(Check(_good with { Train = null, Validation = null, Test = new(["dev.tsv"]) }));
        AssertOne(_good with { Train = null, MaxExamples = 5 }, "max_examples", "'max_examples' is about training rows, and the task has none.");
        AssertOne(_good with { Train = null, Validation = null }, "train", "There are no rows.");
    }

    [Theory]
    [InlineData(-1, "-1 is not a rate.")]
    [InlineData(double.NaN, "NaN is not a rate.")]
    [InlineData(double.PositiveInfinity, "The rate Infinity is too large to be compared with others.")]
    [InlineData(1e308, "The rate 1E+308 is too large to be compared with others. Rates count by their ratios; write at most 1e+15.")]
    public void A_rate_is_a_number_that_can_be_compared(double rate, string message) => AssertOne(_good with { Rate = rate }, "rate", message);

    [Fact]
    public void Files_and_parallel_exclude_each_other()
    {
        AssertOne(_good with { Test = new() }, "test", "A split needs either 'files' or 'parallel'.");
        AssertOne(_good with { Test = new(Parallel: new Dictionary<string, string>()) }, "test.parallel", "0 files are given; parallel text needs at least two");
        AssertOne(_good with { Validation = new(["dev.tsv"], new Dictionary<string, string> { ["a"] = "dev.tsv", ["b"] = "dev.tsv" }) }, "validation", "A split needs either 'files' or 'parallel'.");
        AssertOne(_good with { Validation = new([]) }, "validation.files", "The list is empty.");
    }

    [Fact]
    public void Labels_are_checked()
    {
        AssertOne(_good with { Labels = [] }, "labels", "The list is empty.");
        AssertOne(_good with { LabelRange = [0, 5, 0.2] }, "label_range", "'labels' and 'label_range' are both given.");
        AssertOne(_good with { Labels = null, LabelRange = [0, 5, 0.25] }, "label_range", "[0, 5, 0.25] does not give labels with one decimal");
        AssertOne(_good with { Labels = null, LabelRange = [0, 5] }, "label_range", "[0, 5] is not a range.");
    }

    [Fact]
    public void Targets_of_the_first_rows_must_be_labels() =>
        AssertOne(_good with { Labels = ["positive", "bad"] }, "train.files[0]", "train.tsv:3: The target 'negative' is not among the labels positive, bad.");

    [Fact]
    public void Raw_values_of_the_first_rows_must_be_mapped() =>
        AssertOne(_good with { Map = LabelMap(("1", "positive")) }, "train.files[0]", "train.tsv:3: The column 'label' is '0', which 'map.label' does not list.");

    [Fact]
    public void A_pattern_is_checked()
    {
        AssertOne(_good with { Format = SourceFormat.Text, Pattern = "(" }, "pattern", "'(' is not a regular expression");
        AssertOne(_good with { Format = SourceFormat.Text, Pattern = "(a)" }, "pattern", "'(a)' names no group");
        AssertOne(_good with { Pattern = "(?<sentence>.*)(?<label>.)" }, "pattern", "'pattern' belongs to plain text.");
    }

    [Fact]
    public void Column_names_are_for_files_without_a_header()
    {
        AssertOne(_good with { Columns = ["sentence", "label"] }, "columns", "'columns' names the columns of TSV and CSV files without a header.");
        AssertOne(_good with { Header = false }, "columns", "The files have no header");
        AssertOne(_good with { Header = false, Columns = ["a", "a"] }, "columns", "'a' is listed 2 times.");
    }

    [Fact]
    public void Unknown_columns_of_a_share_are_found()
    {
        AssertOne(_good with { Train = new(["train.tsv"], Share: [0, 0.5], ShareBy: ["question"]) }, "train.share_by[0]", "'question' is not a column of train.tsv:2");
        AssertOne(_good with { Train = new(["train.tsv"], ShareBy: ["label"]) }, "train.share_by", "'share_by' does nothing without 'share'.");
        AssertOne(_good with { Validation = new(["dev.tsv"], HoldOutBy: ["sentence"]) }, "validation.hold_out_by", "Only training rows can be held out.");
        AssertOne(_good with { Train = new(["train.tsv"], HoldOutBy: ["sentence"]), Validation = null }, "train.hold_out_by", "'hold_out_by' does nothing without");
    }

    [Fact]
    public void A_metric_must_fit_the_labels() =>
        AssertOne(_good with { Metrics = ["pearson"] }, "metrics[0]", "'pearson' compares numbers, but the labels are words such as 'negative'.");

    [Theory]
    [InlineData("f1", "token_f1", "f1")]
    [InlineData("token_f1", "f1", "f1")]
    [InlineData("token_f1", "trivia_qa", "em")]
    [InlineData("trivia_qa", "squad", "em")]
    public void Two_metrics_that_report_the_same_value_are_refused(string first, string second, string key)
    {
        var other = second == "squad" ? "token_f1" : second;

        AssertOne(_good with { Metrics = ["accuracy", first, second] }, "metrics[2]", $"'{first}' and '{other}' both report '{key}', so one would hide the other. Keep one of them");
    }

    [Fact]
    public void There_must_be_a_metric() =>
        AssertOne(_good with { Metrics = null }, "metrics", "No metric is given");

    [Fact]
    public void A_built_in_task_takes_no_files_and_must_exist()
    {
        AssertOne(new(Builtin: "date_en_de"), "builtin", "'date_en_de' is not a built-in task; did you mean 'dates_en_de'?");
        AssertOne(new(Builtin: "days", Train: new(["train.tsv"])), "train", "'train' does not go with 'builtin: days'");
        AssertOne(new(Builtin: "days", Metrics: ["matthews"]), "metrics[0]", "'matthews' compares classes and needs at least 2 labels; the task has none.");
        Assert.Empty(Check(new(Builtin: "days", MaxExamples: 10, Rate: 2, Metrics: ["bleu"])));
    }

    [Fact]
    public void Entries_without_a_value_are_found()
    {
        var errors = Check(_good with
        {
            Encoding = null!,
            Train = new([null!]),
            Labels = ["negative", null!],
            Metrics = [null!],
            Map = LabelMap(("0", null!)),
        });

        Assert.Equal(["tasks.t.encoding", "tasks.t.labels[1]", "tasks.t.metrics[0]", "tasks.t.train.files[0]", "tasks.t.map.label.0"], errors.Select(error => error.Path));
    }

    private void AssertOne(TaskSpec spec, string place, string message)
    {
        var error = Assert.Single(Check(spec));

        Assert.Equal($"tasks.t.{place}", error.Path);
        Assert.StartsWith(message, error.Message);
    }

    private IReadOnlyList<SpecError> Check(TaskSpec spec) => TaskLoader.Check("tasks.t", spec, [_scratch.Root]);

    private static Dictionary<string, IReadOnlyDictionary<string, string>> LabelMap(params (string Raw, string Text)[] texts) =>
        new() { ["label"] = texts.ToDictionary(text => text.Raw, text => text.Text) };
}
