namespace Temper.Mixture.Metrics;

/// <summary>Scores of question answering, in percent: each prediction against the best of its references.</summary>
public static class AnswerScores
{
    /// <summary>Exact matches (<c>em</c>) and overlap of tokens (<c>f1</c>).</summary>
    /// <param name="references">Valid answers for each question.</param>
    /// <param name="predictions">What was answered.</param>
    /// <param name="normalize">Makes answers comparable, see <see cref="AnswerText"/>.</param>
    public static (double ExactMatch, double F1) Of(
        IReadOnlyList<IReadOnlyList<string>> references,
        IReadOnlyList<string> predictions,
        Func<string, string> normalize)
    {
        if (references.Count != predictions.Count)
        {
            throw new ArgumentException($"{predictions.Count} predictions for {references.Count} targets; every target needs one.", nameof(predictions));
        }

        if (references.Count == 0)
        {
            return (double.NaN, double.NaN);
        }

        var (matches, overlap) = (0, 0.0);
        foreach (var (answers, prediction) in references.Zip(predictions))
        {
            var predicted = normalize(prediction);
            string[] wanted = [.. answers.Select(normalize)];
            matches += wanted.Contains(predicted, StringComparer.Ordinal) ? 1 : 0;
            overlap += wanted.Max(answer => TokenF1(answer, predicted));
        }

        return (100.0 * matches / references.Count, 100 * overlap / references.Count);
    }

    /// <summary>F1 of the tokens, counted with repetition; 0 if none is shared, even if both sides are empty.</summary>
    private static double TokenF1(string wanted, string predicted)
    {
        string[] wantedTokens = wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] predictedTokens = predicted.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var left = wantedTokens.CountBy(token => token, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var shared = predictedTokens.CountBy(token => token, StringComparer.Ordinal).Sum(token => Math.Min(token.Value, left.GetValueOrDefault(token.Key)));
        return shared == 0 ? 0 : 2.0 * shared / (wantedTokens.Length + predictedTokens.Length);
    }
}
