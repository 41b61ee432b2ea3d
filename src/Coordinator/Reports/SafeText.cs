using System.Globalization;
using System.Text;

namespace Temper.Coordinator.Reports;

/// <summary>
/// Makes untrusted text (predictions, names, error messages) harmless to look at: what would steer a terminal, turn the direction
/// of the text around it or not be valid in a document is shown as a visible sign. It does not escape markup: that is for
/// whoever writes HTML or terminal markup.
/// </summary>
public static class SafeText
{
    /// <summary>Every line kept; tabs and line feeds stay.</summary>
    public static string Lines(string? text) => Clean(text ?? "", keepLines: true);

    /// <summary>On one line: line breaks become ⏎.</summary>
    public static string OneLine(string? text) => Clean(text ?? "", keepLines: false);

    private static string Clean(string text, bool keepLines)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.Replace("\r\n", "\n", StringComparison.Ordinal).EnumerateRunes())
        {
            // EnumerateRunes has already made U+FFFD of a lone surrogate.
            switch (rune.Value)
            {
                case '\n' or '\t' when keepLines:
                    result.Append((char)rune.Value);
                    break;
                case '\n':
                    result.Append('⏎');
                    break;
                case '\t':
                    result.Append(' ');
                    break;
                default:
                    Append(result, rune);
                    break;
            }
        }

        return result.ToString();
    }

    private static void Append(StringBuilder result, Rune rune)
    {
        if (IsUnseen(rune))
        {
            result.Append(CultureInfo.InvariantCulture, $"⟨U+{rune.Value:X4}⟩");
        }
        else
        {
            result.Append(rune);
        }
    }

    // U+200C and U+200D are letters' own business in Persian, Hindi and emoji; they move nothing.
    private static bool IsUnseen(Rune rune) => rune.Value is not (0x200C or 0x200D)
        && (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
            || (rune.Value & 0xFFFE) == 0xFFFE
            || rune.Value is >= 0xFDD0 and <= 0xFDEF);
}
