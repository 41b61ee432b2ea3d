namespace Temper.Mixture;

/// <summary>Words for "there is no such name": what was perhaps meant, and what there is.</summary>
public static class Suggestion
{
    // More names than this are a list to look up, not to read in a message.
    private const int MaxListed = 25;

    // A longer name is no name: a line of a file that is read in another format than it has.
    private const int LongestListed = 80;

    /// <summary><c>" Did you mean 'x'?"</c>, or an empty string when no candidate is close.</summary>
    public static string For(string name, IEnumerable<string> candidates) =>
        Nearest(name, candidates) is { } near ? $" Did you mean '{near}'?" : "";

    /// <summary>Such as <c>'acuracy' is not a metric; did you mean 'accuracy'? Known: accuracy, bleu.</c></summary>
    public static string Unknown(string name, string kind, IReadOnlyCollection<string> known)
    {
        var question = Nearest(name, known) is { } near ? $"; did you mean '{near}'?" : ".";
        return $"'{name}' is not {kind}{question} Known: {string.Join(", ", known.Take(MaxListed).Select(Clipped))}{(known.Count > MaxListed ? ", …" : "")}.";
    }

    private static string Clipped(string name) => name.Length <= LongestListed ? name : $"{name[..(LongestListed - 1)]}…";

    private static string? Nearest(string name, IEnumerable<string> candidates)
    {
        var best = candidates
            .Select(candidate => (Name: candidate, Distance: Distance(name, candidate)))
            .OrderBy(pair => pair.Distance)
            .ThenBy(pair => pair.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(1, Math.Min(name.Length, best.Name.Length) / 3) ? best.Name : null;
    }

    // Optimal string alignment: letters to insert, remove, replace or swap with their neighbour, upper and lower case being equal.
    private static int Distance(string left, string right)
    {
        var (a, b) = (left.ToUpperInvariant(), right.ToUpperInvariant());
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    table[i, j] = i + j;
                    continue;
                }

                var best = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                var swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                table[i, j] = swapped ? Math.Min(best, table[i - 2, j - 2] + 1) : best;
            }
        }

        return table[a.Length, b.Length];
    }
}
