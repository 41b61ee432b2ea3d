using System.Text.Json;
using Temper.Mixture.Metrics;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Metrics;

/// <summary>Values that T5's, sacrebleu's and scikit-learn's code gave, case by case.</summary>
public class MetricOracleTests
{
    private static readonly Dictionary<string, Func<JsonElement, object>> Computed = new()
    {
        ["accuracy"] = args => Key("accuracy", ClassScores.Accuracy(Ids(args, "targets"), Ids(args, "predictions"))),
        ["sequence_accuracy"] = args => Key("sequence_accuracy", ClassScores.Accuracy(Texts(args, "targets"), Texts(args, "predictions"))),
        ["f1_score_with_invalid"] = args => Key("f1", ClassScores.F1WithInvalid(Ids(args, "targets"), Ids(args, "predictions"))),
        ["mean_multiclass_f1"] = args => Key("mean_3class_f1", ClassScores.MeanF1(Ids(args, "targets"), Ids(args, "predictions"), 3)),
        ["pearson_corrcoef"] = args => Key("pearson_corrcoef", Correlation.Pearson(Numbers(args, "targets"), Numbers(args, "predictions"))),
        ["spearman_corrcoef"] = args => Key("spearman_corrcoef", Correlation.Spearman(Numbers(args, "targets"), Numbers(args, "predictions"))),
        ["classification_bundle"] = Classification,
        ["correlation_bundle"] = args => Both(
            Key("pearson_corrcoef", Correlation.Pearson(Numbers(args, "targets"), Numbers(args, "predictions"))),
            Key("spearman_corrcoef", Correlation.Spearman(Numbers(args, "targets"), Numbers(args, "predictions")))),
        ["bleu"] = args => Key("bleu", Bleu.OfCorpus(BleuReferences(args), Texts(args, "predictions"))),
        ["corpus_bleu"] = args => Bleu.OfCorpus(Transposed(args.GetProperty("reference_streams")), Texts(args, "predictions")),
        ["compute_bleu"] = args => Bleu.FromCounts(Longs(args, "correct"), Longs(args, "total"), args.GetProperty("sys_len").GetInt64(), args.GetProperty("ref_len").GetInt64()),
        ["squad"] = args => Answers(args, AnswerText.Squad),
        ["qa_metrics"] = args => Answers(args, answer => answer),
        ["trivia_qa"] = args => Answers(args, AnswerText.TriviaQa),
        ["normalize_squad"] = args => AnswerText.Squad(args.GetProperty("answer").GetString()!),
        ["normalize_trivia_qa"] = args => AnswerText.TriviaQa(args.GetProperty("answer").GetString()!),
        ["rouge_mean"] = args => Keys(Rouge.Mean(Texts(args, "targets"), Texts(args, "predictions"))),
        ["rouge_scorer"] = RougeOfOne,
        ["rouge_scorer_bundle"] = RougeBundle,
    };

    [Theory]
    [InlineData("accuracy", 1)]
    [InlineData("sequence_accuracy", 1)]
    [InlineData("f1_score_with_invalid", 1)]
    [InlineData("mean_multiclass_f1", 1)]
    [InlineData("pearson_corrcoef", 1)]
    [InlineData("spearman_corrcoef", 1)]
    [InlineData("classification_bundle", 3)]
    [InlineData("correlation_bundle", 2)]
    [InlineData("bleu", 7)]
    [InlineData("corpus_bleu", 1)]
    [InlineData("compute_bleu", 1)]
    [InlineData("squad", 5)]
    [InlineData("qa_metrics", 2)]
    [InlineData("trivia_qa", 2)]
    [InlineData("normalize_squad", 2)]
    [InlineData("normalize_trivia_qa", 2)]
    [InlineData("rouge_mean", 2)]
    [InlineData("rouge_scorer", 18)]
    [InlineData("rouge_scorer_bundle", 25)]
    public void A_metric_gives_the_recorded_values(string metric, int cases)
    {
        var recorded = Cases("metrics.json").Where(one => one.GetProperty("metric").GetString() == metric && Applies(one)).ToList();

        Assert.Equal(cases, recorded.Count);
        Assert.All(recorded, one => AssertEqual(one, Computed[metric](one.GetProperty("args"))));
    }

    [Fact]
    public void Text_is_read_back_as_T5_reads_it()
    {
        var recorded = Cases("postprocessors.json");

        foreach (var one in recorded.Where(one => one.GetProperty("postprocessor").GetString() == "string_to_float"))
        {
            var args = one.GetProperty("args");
            var otherwise = args.TryGetProperty("default", out var given) ? given.GetDouble() : LabelText.Invalid;
            Assert.Equal(one.GetProperty("expected").GetDouble(), LabelText.ToNumber(args.GetProperty("string").GetString()!, otherwise));
        }

        foreach (var one in recorded.Where(one => one.GetProperty("postprocessor").GetString() == "string_label_to_class_id"))
        {
            var args = one.GetProperty("args");
            var otherwise = args.TryGetProperty("default", out var given) ? given.GetInt32() : LabelText.Invalid;
            Assert.Equal(one.GetProperty("expected").GetInt32(), LabelText.ToClassId(args.GetProperty("string_label").GetString()!, Texts(args, "label_classes"), otherwise));
        }
    }

    // T5 uses one tokenizer, one smoothing, four orders and no stemming; cases about others, and about refusals, are not ours.
    private static bool Applies(JsonElement one)
    {
        var args = one.GetProperty("args");
        var expected = one.GetProperty("expected");
        var refused = expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty("$error", out _);
        var stemmed = args.TryGetProperty("use_stemmer", out var stemmer) && stemmer.GetBoolean();
        var intl = one.GetProperty("metric").GetString() == "corpus_bleu"
            ? Given(args, "tokenize") == "intl"
            : Given(args, "tokenizer") is "" or "intl";
        return intl && !stemmed && !refused;
    }

    private static string Given(JsonElement args, string name) => args.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private static List<JsonElement> Cases(string file) =>
        [.. JsonDocument.Parse(File.ReadAllText(Repository.Shared($"oracles/{file}"))).RootElement.GetProperty("cases").EnumerateArray()];

    private static void AssertEqual(JsonElement one, object actual)
    {
        var expected = one.GetProperty("expected");
        switch (actual)
        {
            case string text:
                Assert.Equal(expected.GetString(), text);
                break;
            case double number:
                AssertNear(one, expected.GetDouble(), number);
                break;
            case IReadOnlyDictionary<string, double> values:
                Assert.All(Flat(expected, ""), value => AssertNear(one, value.Value, values[value.Key]));
                break;
        }
    }

    private static IEnumerable<KeyValuePair<string, double>> Flat(JsonElement values, string prefix) =>
        values.EnumerateObject().SelectMany(value => value.Value.ValueKind == JsonValueKind.Object
            ? Flat(value.Value, $"{prefix}{value.Name}/")
            : [KeyValuePair.Create(prefix + value.Name, value.Value.GetDouble())]);

    private static void AssertNear(JsonElement one, double expected, double actual)
    {
        var id = one.GetProperty("id").GetString();
        var tolerance = one.TryGetProperty("tolerance", out var given) ? given : default;
        var delta = tolerance switch
        {
            { ValueKind: JsonValueKind.Undefined } => 1e-12,
            _ when tolerance.TryGetProperty("delta", out var value) => value.GetDouble(),
            _ when tolerance.TryGetProperty("places", out var places) => 0.5 * Math.Pow(10, -places.GetInt32()),
            _ => 0.5 * Math.Pow(10, -tolerance.GetProperty("rounded_to").GetInt32()),
        };
        Assert.True(Math.Abs(expected - actual) <= delta, $"{id}: {actual}, recorded is {expected} ± {delta}");
    }

    private static Dictionary<string, double> Classification(JsonElement args)
    {
        var (targets, predictions, classes) = (Ids(args, "targets"), Ids(args, "predictions"), args.GetProperty("num_classes").GetInt32());
        return new()
        {
            ["accuracy"] = ClassScores.Accuracy(targets, predictions),
            ["matthews_corrcoef"] = ClassScores.Matthews(targets, predictions),
            [$"mean_{classes}class_f1"] = ClassScores.MeanF1(targets, predictions, classes),
            ["f1"] = ClassScores.F1WithInvalid(targets, predictions),
        };
    }

    private static Dictionary<string, double> Answers(JsonElement args, Func<string, string> normalize)
    {
        var (exact, f1) = AnswerScores.Of(TextLists(args.GetProperty("targets")), Texts(args, "predictions"), normalize);
        return new() { ["em"] = exact, ["f1"] = f1 };
    }

    private static Dictionary<string, double> RougeOfOne(JsonElement args) =>
        RougeOfType(args.GetProperty("rouge_type").GetString()!, args).ToDictionary();

    private static Dictionary<string, double> RougeBundle(JsonElement args) =>
        new[] { "rouge1", "rouge2", "rougeL", "rougeLsum" }
            .SelectMany(type => RougeOfType(type, args).Select(value => KeyValuePair.Create($"{type}/{value.Key}", value.Value)))
            .ToDictionary();

    private static Dictionary<string, double> RougeOfType(string type, JsonElement args)
    {
        var score = Rouge.Score(type, args.GetProperty("target").GetString()!, args.GetProperty("prediction").GetString()!);
        return new() { ["precision"] = score.Precision, ["recall"] = score.Recall, ["fmeasure"] = score.F };
    }

    private static Dictionary<string, double> Keys(IReadOnlyDictionary<string, double> values) => values.ToDictionary();

    private static Dictionary<string, double> Key(string key, double value) => new() { [key] = value };

    private static Dictionary<string, double> Both(Dictionary<string, double> a, Dictionary<string, double> b) => a.Concat(b).ToDictionary();

    private static List<IReadOnlyList<string>> BleuReferences(JsonElement args)
    {
        var targets = args.GetProperty("targets");
        return targets[0].ValueKind == JsonValueKind.Array ? Transposed(targets) : [.. Texts(args, "targets").Select(text => new[] { text })];
    }

    private static List<IReadOnlyList<string>> Transposed(JsonElement streams)
    {
        var lists = TextLists(streams);
        return [.. Enumerable.Range(0, lists[0].Count).Select(i => lists.Select(list => list[i]).ToArray())];
    }

    private static List<IReadOnlyList<string>> TextLists(JsonElement lists) =>
        [.. lists.EnumerateArray().Select(list => list.EnumerateArray().Select(text => text.GetString()!).ToArray())];

    private static string[] Texts(JsonElement args, string name) => [.. args.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];

    private static int[] Ids(JsonElement args, string name) => [.. args.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    private static long[] Longs(JsonElement args, string name) => [.. args.GetProperty(name).EnumerateArray().Select(id => id.GetInt64())];

    private static double[] Numbers(JsonElement args, string name) => [.. args.GetProperty(name).EnumerateArray().Select(number => number.GetDouble())];
}
