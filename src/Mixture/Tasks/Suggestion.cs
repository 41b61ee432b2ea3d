namespace Temper.Mixture.Tasks;

/// <summary>Words for "there is no such name": what was perhaps meant, and what there is.</summary>
internal static class Suggestion
{
    // More names than this are a list to look up, not to read in a message.
    private const int MostListed = 25;

    /// <summary>Such as <c>'acuracy' is not a metric; did you mean 'accuracy'? Known: accuracy, bleu.</c></summary>
    public static string Unknown(string name, string kind, IReadOnlyCollection<string> known)
    {
        var near = Nearest(name, known);
        var question = near is null ? "." : $"; did you mean '{near}'?";
        var listed = string.Join(", ", known.Take(MostListed));
        return $"'{name}' is not {kind}{question} Known: {listed}{(known.Count > MostListed ? ", …" : "")}.";
    }

    private static string? Nearest(string name, IReadOnlyCollection<string> known)
    {
        var best = known
            .Select(other => (Name: other, Distance: Distance(name, other)))
            .OrderBy(other => other.Distance)
            .FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(1, name.Length / 3) ? best.Name : null;
    }

    /// <summary>Letters to insert, remove or replace (Levenshtein), upper and lower case being equal.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
