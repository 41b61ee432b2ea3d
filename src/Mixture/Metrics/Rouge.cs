using System.Text.RegularExpressions;

namespace Temper.Mixture.Metrics;

/// <summary>ROUGE without stemming, as T5 uses it for summaries: shared words, shared pairs of words, and longest common subsequences.</summary>
public static partial class Rouge
{
    /// <summary>The types that T5 reports; the paper goes by ROUGE-2.</summary>
    internal static readonly IReadOnlyList<string> T5Types = ["rouge2", "rouge1", "rougeLsum"];

    /// <summary>Precision, recall and F of one prediction, in 0 … 1.</summary>
    /// <param name="Precision">Hits among the predicted.</param>
    /// <param name="Recall">Hits among the wanted.</param>
    /// <param name="F">Their harmonic mean.</param>
    public readonly record struct RougeScore(double Precision, double Recall, double F);

    /// <summary>Score of one prediction by type: <c>rouge1</c>, <c>rouge2</c>, <c>rougeL</c>, or <c>rougeLsum</c>, for which lines are sentences.</summary>
    public static RougeScore Score(string type, string target, string prediction) => type switch
    {
        "rouge1" => NGrams(Tokens(target), Tokens(prediction), 1),
        "rouge2" => NGrams(Tokens(target), Tokens(prediction), 2),
        "rougeL" => Longest(Tokens(target), Tokens(prediction)),
        "rougeLsum" => LongestBySentence(Sentences(target), Sentences(prediction)),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Known are rouge1, rouge2, rougeL and rougeLsum."),
    };

    /// <summary>Mean F over examples, in percent, for T5's three types; a full stop between blanks ends a sentence.</summary>
    public static OrderedDictionary<string, double> Mean(IReadOnlyList<string> targets, IReadOnlyList<string> predictions)
    {
        (string Target, string Prediction)[] pairs = [.. targets.Zip(predictions, (target, prediction) => (Lines(target), Lines(prediction)))];
        return new OrderedDictionary<string, double>(
            T5Types.Select(type => KeyValuePair.Create(type, pairs.Length == 0 ? double.NaN : 100 * pairs.Average(pair => Score(type, pair.Target, pair.Prediction).F))),
            StringComparer.Ordinal);

        static string Lines(string text) => text.Replace(" . ", " .\n", StringComparison.Ordinal);
    }

    /// <summary>Whether any text has a word that is counted.</summary>
    internal static bool CanCount(IEnumerable<string> texts) => texts.Any(text => Tokens(text).Length > 0);

    private static string[] Tokens(string text) => NoWord().Replace(text.ToLowerInvariant(), " ").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string[][] Sentences(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Tokens)];

    private static RougeScore Of(int hits, int wanted, int predicted)
    {
        var precision = (double)hits / Math.Max(predicted, 1);
        var recall = (double)hits / Math.Max(wanted, 1);
        return new RougeScore(precision, recall, hits == 0 ? 0 : 2 * precision * recall / (precision + recall));
    }

    private static RougeScore NGrams(string[] target, string[] prediction, int order)
    {
        var wanted = Grams(target).CountBy(gram => gram, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var hits = Grams(prediction).CountBy(gram => gram, StringComparer.Ordinal).Sum(gram => Math.Min(gram.Value, wanted.GetValueOrDefault(gram.Key)));
        return Of(hits, Count(target), Count(prediction));

        int Count(string[] tokens) => Math.Max(0, tokens.Length - order + 1);
        IEnumerable<string> Grams(string[] tokens) => Enumerable.Range(0, Count(tokens)).Select(start => string.Join(' ', tokens, start, order));
    }

    private static RougeScore Longest(string[] target, string[] prediction) =>
        Of(Lengths(target, prediction)[target.Length, prediction.Length], target.Length, prediction.Length);

    // Each sentence of the target collects what any sentence of the prediction has in common with it; a word is hit only as
    // often as both sides have it.
    private static RougeScore LongestBySentence(string[][] target, string[][] prediction)
    {
        var wantedLeft = Counts(target);
        var predictedLeft = Counts(prediction);
        var hits = 0;
        foreach (var sentence in target)
        {
            foreach (var position in prediction.SelectMany(other => CommonPositions(sentence, other)).Distinct().Order())
            {
                var token = sentence[position];
                if (wantedLeft[token] > 0 && predictedLeft[token] > 0)
                {
                    wantedLeft[token]--;
                    predictedLeft[token]--;
                    hits++;
                }
            }
        }

        return Of(hits, target.Sum(sentence => sentence.Length), prediction.Sum(sentence => sentence.Length));
    }

    private static Dictionary<string, int> Counts(string[][] sentences) =>
        sentences.SelectMany(sentence => sentence).CountBy(token => token, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    // Positions in the target of one longest common subsequence: of several, the one that steps back in the target first.
    private static List<int> CommonPositions(string[] target, string[] prediction)
    {
        var lengths = Lengths(target, prediction);
        var positions = new List<int>();
        var (i, j) = (target.Length, prediction.Length);
        while (i > 0 && j > 0)
        {
            if (target[i - 1] == prediction[j - 1])
            {
                positions.Add(--i);
                j--;
            }
            else if (lengths[i, j - 1] > lengths[i - 1, j])
            {
                j--;
            }
            else
            {
                i--;
            }
        }

        return positions;
    }

    private static int[,] Lengths(string[] target, string[] prediction)
    {
        var lengths = new int[target.Length + 1, prediction.Length + 1];
        for (var i = 1; i <= target.Length; i++)
        {
            for (var j = 1; j <= prediction.Length; j++)
            {
                lengths[i, j] = target[i - 1] == prediction[j - 1]
                    ? lengths[i - 1, j - 1] + 1
                    : Math.Max(lengths[i - 1, j], lengths[i, j - 1]);
            }
        }

        return lengths;
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoWord();
}
