using System.Text.RegularExpressions;

namespace Temper.Mixture.Metrics;

/// <summary>How answers are made comparable: lower case, no punctuation, no articles, single blanks.</summary>
public static partial class AnswerText
{
    private const string AsciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>SQuAD's form: ASCII punctuation is deleted, Unicode's quotes stay.</summary>
    public static string Squad(string answer) => WithoutArticles(string.Concat(answer.ToLowerInvariant().Where(c => !AsciiPunctuation.Contains(c))));

    /// <summary>TriviaQA's form: punctuation becomes a blank, and so do three kinds of quotes.</summary>
    public static string TriviaQa(string answer) =>
        WithoutArticles(string.Concat(answer.ToLowerInvariant().Select(c => AsciiPunctuation.Contains(c) || c is '‘' or '’' or '´' ? ' ' : c)));

    private static string WithoutArticles(string text) =>
        string.Join(' ', Articles().Replace(text, " ").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"\b(a|an|the)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Articles();
}
