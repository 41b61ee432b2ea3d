using System.Diagnostics.CodeAnalysis;

namespace Temper.Mixture.Metrics;

/// <summary>All metrics, by name. A new metric is one entry here, and its name in the description of <c>TaskSpec.Metrics</c>.</summary>
public static class MetricCatalog
{
    private static readonly Dictionary<string, Metric> ByName = All().SelectMany(metric => new[] { (metric.Name, metric), (metric.Alias, metric) })
        .DistinctBy(entry => entry.Item1)
        .ToDictionary(entry => entry.Item1, entry => entry.metric, StringComparer.Ordinal);

    /// <summary>The names to use in specs; T5's own names are accepted as well.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All().Select(metric => metric.Name)];

    /// <summary>Finds a metric by its name or by T5's name for it.</summary>
    public static bool TryGet(string name, [MaybeNullWhen(false)] out Metric metric) => ByName.TryGetValue(name, out metric);

    private static Metric[] All() =>
    [
        new("accuracy", "accuracy", "Share of right answers; with labels, an answer outside them is wrong.",
            One("accuracy"),
            feed => [feed.Labels is null ? ClassScores.Accuracy(feed.Targets, feed.Predictions) : ClassScores.Accuracy(feed.TargetIds, feed.PredictionIds)]),
        new("exact_match", "sequence_accuracy", "Share of predictions that equal their target, character by character.",
            One("exact_match"),
            feed => [ClassScores.Accuracy(feed.Targets, feed.Predictions)]),
        new("f1", "f1_score_with_invalid", "F1 of the second of two labels; an answer outside them is wrong.",
            One("f1"),
            feed => [ClassScores.F1WithInvalid(feed.TargetIds, feed.PredictionIds)],
            labels => labels is { Count: 2 } ? null : $"'f1' needs exactly 2 labels, the second being the positive one; the task has {CountOf(labels)}. Use macro_f1 for more, token_f1 for free text."),
        new("macro_f1", "mean_multiclass_f1", "Mean over the labels of their F1.",
            labels => [$"mean_{labels?.Count ?? 0}class_f1"],
            feed => [ClassScores.MeanF1(feed.TargetIds, feed.PredictionIds, feed.Labels!.Count)],
            labels => NeedsLabels("macro_f1", labels)),
        new("matthews", "matthews_corrcoef", "Matthews' correlation of classes; what is no label counts as one more class.",
            One("matthews_corrcoef"),
            feed => [ClassScores.Matthews(feed.TargetIds, feed.PredictionIds)],
            labels => NeedsLabels("matthews", labels)),
        new("pearson", "pearson_corrcoef", "Pearson's correlation of the numbers written; what is no number counts as -1.",
            One("pearson_corrcoef"),
            feed => [Correlation.Pearson(feed.TargetNumbers, feed.PredictionNumbers)],
            labels => NeedsNumbers("pearson", labels)),
        new("spearman", "spearman_corrcoef", "Spearman's rank correlation of the numbers written; what is no number counts as -1.",
            One("spearman_corrcoef"),
            feed => [Correlation.Spearman(feed.TargetNumbers, feed.PredictionNumbers)],
            labels => NeedsNumbers("spearman", labels)),
        new("bleu", "bleu", "BLEU of the corpus as sacrebleu computes it, tokenizer intl. Where no answer has four tokens it is 0, perfect ones included.",
            One("bleu"),
            feed => [Bleu.OfCorpus(Singly(feed.Targets), feed.Predictions)],
            warning: targets => Bleu.CanCount(targets)
                ? null
                : "No target has the four tokens that bleu counts, so perfect answers score 0, as with sacrebleu. Judge the task by exact_match or token_f1."),
        new("token_f1", "squad", "SQuAD's exact match and token overlap of answers, case, articles and punctuation aside.",
            _ => ["em", "f1"],
            feed => Two(AnswerScores.Of(Singly(feed.Targets), feed.Predictions, AnswerText.Squad))),
        new("trivia_qa", "trivia_qa", "TriviaQA's exact match and token overlap of answers.",
            _ => ["em", "f1"],
            feed => Two(AnswerScores.Of(Singly(feed.Targets), feed.Predictions, AnswerText.TriviaQa))),
        new("rouge", "rouge_mean", "ROUGE-1, -2 and -Lsum of summaries, without stemming. Words are of the letters a to z and digits alone, as T5's: text in other scripts scores 0.",
            _ => Rouge.T5Types,
            feed => [.. Rouge.Mean(feed.Targets, feed.Predictions).Values],
            warning: targets => Rouge.CanCount(targets)
                ? null
                : "No target has a letter from a to z or a digit, which is all that rouge counts, so perfect answers score 0, as with T5. Judge the task by exact_match or token_f1."),
    ];

    private static Func<IReadOnlyList<string>?, IReadOnlyList<string>> One(string key) => _ => [key];

    private static double[] Two((double ExactMatch, double F1) scores) => [scores.ExactMatch, scores.F1];

    private static string[][] Singly(IReadOnlyList<string> targets) => [.. targets.Select(target => new[] { target })];

    private static string? NeedsLabels(string metric, IReadOnlyList<string>? labels) => labels is { Count: > 1 }
        ? null
        : $"'{metric}' compares classes and needs at least 2 labels; the task has {CountOf(labels)}. List them in 'labels', or use exact_match.";

    private static string? NeedsNumbers(string metric, IReadOnlyList<string>? labels) =>
        labels is null || labels.All(label => double.IsFinite(LabelText.ToNumber(label, double.NaN)))
            ? null
            : $"'{metric}' compares numbers, but the labels are words such as '{labels[0]}'. Use accuracy or matthews.";

    private static string CountOf(IReadOnlyList<string>? labels) => labels is null ? "none" : $"{labels.Count}";
}
