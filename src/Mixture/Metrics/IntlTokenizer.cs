using System.Globalization;
using System.Text;

namespace Temper.Mixture.Metrics;

/// <summary>
/// The tokenizer <c>intl</c> of BLEU: blanks around punctuation that does not stand between digits, and around symbols.
/// It works on code points; UTF-16 halves would hide emoji and other symbols outside the first plane.
/// </summary>
internal static class IntlTokenizer
{
    public static string[] Tokens(string text)
    {
        List<Rune> runes = [.. text.EnumerateRunes()];
        runes = BreakPairs(runes, (left, right) => !IsNumber(left) && IsPunctuation(right), (left, right, to) => Add(to, [left, Blank, right, Blank]));
        runes = BreakPairs(runes, (left, right) => IsPunctuation(left) && !IsNumber(right), (left, right, to) => Add(to, [Blank, left, Blank, right]));
        return Words(runes.SelectMany<Rune, Rune>(rune => IsSymbol(rune) ? [Blank, rune, Blank] : [rune]));
    }

    private static Rune Blank { get; } = new(' ');

    // Pairs are taken left to right and do not overlap, as a regular expression replaces its matches.
    private static List<Rune> BreakPairs(List<Rune> runes, Func<Rune, Rune, bool> matches, Action<Rune, Rune, List<Rune>> write)
    {
        var broken = new List<Rune>(runes.Count * 2);
        for (var i = 0; i < runes.Count; i++)
        {
            if (i + 1 < runes.Count && matches(runes[i], runes[i + 1]))
            {
                write(runes[i], runes[i + 1], broken);
                i++;
            }
            else
            {
                broken.Add(runes[i]);
            }
        }

        return broken;
    }

    private static string[] Words(IEnumerable<Rune> runes)
    {
        var spaced = new StringBuilder();
        foreach (var rune in runes)
        {
            spaced.Append(IsBlank(rune) ? " " : rune.ToString());
        }

        return spaced.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static void Add(List<Rune> to, ReadOnlySpan<Rune> runes) => to.AddRange(runes);

    // The four separators U+001C to U+001F are blanks in Python, whose split() BLEU is defined by.
    private static bool IsBlank(Rune rune) => Rune.IsWhiteSpace(rune) || rune.Value is >= 0x1C and <= 0x1F;

    private static bool IsNumber(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune);

    private static bool IsSymbol(Rune rune) => Rune.IsSymbol(rune);
}
