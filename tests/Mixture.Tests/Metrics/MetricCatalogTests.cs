using System.Globalization;
using Temper.Mixture.Metrics;

namespace Temper.Mixture.Tests.Metrics;

public class MetricCatalogTests
{
    private static readonly string[] YesNo = ["no", "yes"];

    [Fact]
    public void Every_metric_is_found_by_its_name_and_by_T5s()
    {
        Assert.All(MetricCatalog.Names, name =>
        {
            Assert.True(MetricCatalog.TryGet(name, out var metric));
            Assert.True(MetricCatalog.TryGet(metric.Alias, out var same));
            Assert.Same(metric, same);
            Assert.Equal(name, metric.Name);
        });
        Assert.False(MetricCatalog.TryGet("acuracy", out _));
    }

    [Fact]
    public void An_answer_outside_the_labels_is_wrong_and_no_error()
    {
        var scored = Score("accuracy", ["yes", "no"], ["yes", "Yes, indeed"], YesNo);

        Assert.Equal(50, scored["accuracy"]);
        Assert.Equal(100, Score("accuracy", ["a"], ["a"], null)["accuracy"]);
    }

    [Theory]
    [InlineData("f1", "f1", 50)]
    [InlineData("macro_f1", "mean_2class_f1", 58.333333333333336)]
    [InlineData("matthews", "matthews_corrcoef", 22.360679774997898)]
    public void Classes_are_scored_with_invalid_answers_as_T5_does(string name, string key, double expected)
    {
        // Ids 1 1 0 0 against 1 -1 0 1: a hit, an invalid miss, a hit, a false alarm.
        var scored = Score(name, ["yes", "yes", "no", "no"], ["yes", "?", "no", "yes"], YesNo);

        Assert.Equal(key, Assert.Single(scored).Key);
        Assert.Equal(expected, scored[key], 9);
    }

    [Fact]
    public void A_text_that_is_no_number_counts_as_minus_one()
    {
        var withWord = Score("pearson", ["1.0", "2.0", "3.0"], ["1.0", "2.0", "three"], null);
        var withNumber = Score("pearson", ["1.0", "2.0", "3.0"], ["1.0", "2.0", "-1"], null);

        Assert.Equal(withNumber["pearson_corrcoef"], withWord["pearson_corrcoef"]);
    }

    [Theory]
    [InlineData("pearson", "pearson_corrcoef")]
    [InlineData("spearman", "spearman_corrcoef")]
    public void A_correlation_with_a_constant_is_not_a_number(string name, string key)
    {
        Assert.Equal(double.NaN, Score(name, ["1.0", "2.0"], ["3.0", "3.0"], null)[key]);
        Assert.Equal(double.NaN, Score(name, [], [], null)[key]);
    }

    [Theory]
    [InlineData("10.", 10)]
    [InlineData(" 3.8 ", 3.8)]
    [InlineData("+1e-3", 0.001)]
    [InlineData("-Infinity", double.NegativeInfinity)]
    [InlineData("nan", double.NaN)]
    [InlineData("", -1)]
    [InlineData("1,5", -1)]
    [InlineData("--1", -1)]
    [InlineData("∞", -1)]
    [InlineData("4.2 stars", -1)]
    public void Numbers_are_read_as_Python_reads_them(string text, double expected) =>
        Assert.Equal(expected, LabelText.ToNumber(text));

    [Fact]
    public void Numbers_are_read_the_same_in_every_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");

            Assert.Equal(3.8, LabelText.ToNumber("3.8"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Bleu_cuts_symbols_outside_the_first_plane_as_one_character()
    {
        // 🙂 is a symbol: it stands alone, and the three words around it match.
        var scored = Score("bleu", ["one two three four five"], ["one two three four five"], null);
        var glued = Score("bleu", ["one 🙂 two three four"], ["one🙂two three four"], null);

        Assert.Equal(100, scored["bleu"], 9);
        Assert.Equal(100, glued["bleu"], 9);
    }

    [Theory]
    [InlineData("bleu", "three short words", "four short words indeed", "No target has the four tokens that bleu counts, so perfect answers score 0, as with sacrebleu.")]
    [InlineData("rouge", "三 个 词", "three words", "No target has a letter from a to z or a digit, which is all that rouge counts, so perfect answers score 0, as with T5.")]
    public void Perfect_answers_that_score_0_are_warned_of(string name, string uncounted, string counted, string warning)
    {
        Assert.True(MetricCatalog.TryGet(name, out var metric));

        Assert.All(Score(name, [uncounted, uncounted], [uncounted, uncounted], null).Values, score => Assert.Equal(0, score));
        Assert.StartsWith(warning, metric.Warning([uncounted, uncounted]));
        Assert.All(Score(name, [uncounted, counted], [uncounted, counted], null).Values, score => Assert.True(score > 0));
        Assert.Null(metric.Warning([uncounted, counted]));
        Assert.Null(metric.Warning([]));
    }

    [Theory]
    [InlineData("rouge", "rouge2", "rouge1", "rougeLsum")]
    [InlineData("rouge_mean", "rouge2", "rouge1", "rougeLsum")]
    [InlineData("token_f1", "em", "f1")]
    [InlineData("squad", "em", "f1")]
    [InlineData("trivia_qa", "em", "f1")]
    public void A_metric_with_several_values_gives_its_main_one_first(string name, params string[] keys) =>
        Assert.Equal(keys, Score(name, ["the cat sat"], ["the cat ran"], null).Keys);

    [Fact]
    public void A_metric_that_does_not_fit_says_which_would()
    {
        Assert.True(MetricCatalog.TryGet("f1", out var f1));
        Assert.Contains("macro_f1", f1.Objection(["a", "b", "c"]));
        Assert.Null(f1.Objection(YesNo));
        Assert.True(MetricCatalog.TryGet("spearman", out var spearman));
        Assert.Contains("'no'", spearman.Objection(YesNo));
        Assert.Throws<ArgumentException>(() => f1.Score(["a"], ["a"], null));
        Assert.Throws<ArgumentException>(() => f1.Score(["yes"], [], YesNo));
    }

    private static IReadOnlyDictionary<string, double> Score(string name, string[] targets, string[] predictions, string[]? labels)
    {
        Assert.True(MetricCatalog.TryGet(name, out var metric));
        return metric.Score(targets, predictions, labels);
    }
}
