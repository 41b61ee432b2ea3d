using System.Text;

namespace Temper.Docs.Tests.Snippets;

/// <summary>The commands of a block of shell, as far as documentation needs it: words, quotes, comments, and $(…) as a command of its own.</summary>
internal static class ShellLines
{
    private static readonly HashSet<string> s_keywords = ["export", "until", "while", "do", "if", "then", "else", "exec", "time", "!", "{", "("];

    /// <summary>The words of each command, without what only prepares it: keywords and assignments.</summary>
    public static IEnumerable<string[]> Commands(string text) => Split(text)
        .Select(words => (string[])[.. words.SkipWhile(word => s_keywords.Contains(word) || IsAssignment(word))])
        .Where(words => words.Length > 0);

    private static bool IsAssignment(string word) => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && word[..at].All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static List<List<string>> Split(string text)
    {
        var commands = new List<List<string>>();
        var open = new Stack<List<string>>([[]]);
        StringBuilder? word = null;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '\\' when i + 1 < text.Length:
                    i++;
                    if (text[i] != '\n')
                    {
                        (word ??= new StringBuilder()).Append(text[i]);
                    }

                    break;
                case '\'':
                    var end = text.IndexOf('\'', i + 1);
                    (word ??= new StringBuilder()).Append(text, i + 1, end - i - 1);
                    i = end;
                    break;
                case '"':
                    var close = text.IndexOf('"', i + 1);
                    (word ??= new StringBuilder()).Append(text, i + 1, close - i - 1);
                    i = close;
                    break;
                case '#' when word is null:
                    i = text.IndexOf('\n', i) is var line and >= 0 ? line - 1 : text.Length;
                    break;
                case '$' when i + 1 < text.Length && text[i + 1] == '(':
                    EndWord();
                    open.Push([]);
                    i++;
                    break;
                case ')' when open.Count > 1:
                    EndWord();
                    commands.Add(open.Pop());
                    break;
                case '>' or '<':
                    // Where output goes to is no word of the command.
                    word = null;
                    i = SkipTarget(text, i);
                    break;
                case '\n' or ';' or '|' or '&':
                    EndWord();
                    commands.Add([.. open.Peek()]);
                    open.Peek().Clear();
                    break;
                case ' ' or '\t':
                    EndWord();
                    break;
                default:
                    (word ??= new StringBuilder()).Append(c);
                    break;
            }
        }

        EndWord();
        commands.AddRange(open);
        return commands;

        void EndWord()
        {
            if (word is not null)
            {
                open.Peek().Add(word.ToString());
                word = null;
            }
        }
    }

    private static int SkipTarget(string text, int at)
    {
        while (at + 1 < text.Length && text[at + 1] is '>' or '&' or ' ')
        {
            at++;
        }

        while (at + 1 < text.Length && text[at + 1] is not (' ' or '\n' or ';' or '|' or '&' or ')'))
        {
            at++;
        }

        return at;
    }
}
