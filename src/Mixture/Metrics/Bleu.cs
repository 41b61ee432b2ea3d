namespace Temper.Mixture.Metrics;

/// <summary>
/// BLEU of a corpus as sacrebleu computes it for T5: tokenizer <c>intl</c>, cased, 1- to 4-grams, exponential smoothing.
/// </summary>
public static class Bleu
{
    private const int MaxOrder = 4;

    /// <summary>BLEU in percent, one or more references for each prediction.</summary>
    public static double OfCorpus(IReadOnlyList<IReadOnlyList<string>> references, IReadOnlyList<string> predictions)
    {
        var correct = new long[MaxOrder];
        var total = new long[MaxOrder];
        long predictedLength = 0, referenceLength = 0;
        foreach (var (texts, prediction) in references.Zip(predictions))
        {
            var predicted = IntlTokenizer.Tokens(prediction);
            string[][] wanted = [.. texts.Select(IntlTokenizer.Tokens)];
            predictedLength += predicted.Length;
            referenceLength += NearestLength(wanted, predicted.Length);
            for (var order = 1; order <= MaxOrder; order++)
            {
                total[order - 1] += Math.Max(0, predicted.Length - order + 1);
                correct[order - 1] += Matches(wanted, predicted, order);
            }
        }

        return FromCounts(correct, total, predictedLength, referenceLength);
    }

    /// <summary>Whether any text has n-grams of all orders; a corpus of shorter ones scores 0.</summary>
    internal static bool CanCount(IEnumerable<string> texts) => texts.Any(text => IntlTokenizer.Tokens(text).Length >= MaxOrder);

    /// <summary>BLEU in percent from n-gram counts summed over a corpus.</summary>
    /// <param name="correct">Matched n-grams by order.</param>
    /// <param name="total">Predicted n-grams by order.</param>
    /// <param name="predictedLength">Predicted tokens.</param>
    /// <param name="referenceLength">Tokens of the references nearest in length.</param>
    public static double FromCounts(IReadOnlyList<long> correct, IReadOnlyList<long> total, long predictedLength, long referenceLength)
    {
        if (correct.All(count => count == 0) || total.Any(count => count == 0))
        {
            return 0;
        }

        // Every order without a match is half as precise as the one before it: the score stays above zero, but low.
        var smoothing = 1.0;
        var logPrecision = correct.Zip(total).Sum(order =>
            Math.Log(100 * (order.First > 0 ? order.First : 1 / (smoothing *= 2)) / order.Second));
        var brevity = predictedLength < referenceLength ? Math.Exp(1 - ((double)referenceLength / predictedLength)) : 1;
        return brevity * Math.Exp(logPrecision / correct.Count);
    }

    private static int NearestLength(string[][] references, int length) =>
        references.Select(reference => reference.Length).OrderBy(other => Math.Abs(other - length)).ThenBy(other => other).First();

    private static long Matches(string[][] references, string[] predicted, int order)
    {
        var most = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (ngram, count) in references.SelectMany(reference => NGrams(reference, order)))
        {
            most[ngram] = Math.Max(count, most.GetValueOrDefault(ngram));
        }

        return NGrams(predicted, order).Sum(ngram => Math.Min(ngram.Value, most.GetValueOrDefault(ngram.Key)));
    }

    // Tokens hold no blanks, so that joining them with one keeps n-grams apart.
    private static IEnumerable<KeyValuePair<string, int>> NGrams(string[] tokens, int order) =>
        Enumerable.Range(0, Math.Max(0, tokens.Length - order + 1))
            .Select(start => string.Join(' ', tokens, start, order))
            .CountBy(ngram => ngram, StringComparer.Ordinal);
}
