using System.Globalization;
using Temper.Mixture.Examples;

namespace Temper.Mixture.Builtin;

/// <summary>
/// How much do two lists of names have in common? A regression written as text, in STS-B's steps of a fifth: five times Dice's
/// overlap 2·shared / (left + right), rounded to fifths.
/// </summary>
internal sealed class Similarity(Cldr cldr)
{
    private const int RowCount = 5000;
    private const int Shortest = 2;
    private const int Longest = 5;

    /// <summary><c>0.0</c>, <c>0.2</c>, … <c>5.0</c>.</summary>
    public static readonly IReadOnlyList<string> Labels =
        [.. Enumerable.Range(0, 26).Select(fifths => (fifths / 5m).ToString("0.0", CultureInfo.InvariantCulture))];

    public IEnumerable<KeyedExample> Rows()
    {
        var chance = new SplitMix64(seed: 2);
        string[] names = [.. cldr.Months("en"), .. cldr.Days("en")];
        for (var row = 0; row < RowCount; row++)
        {
            var (left, right) = (Length(chance), Length(chance));
            var shared = chance.Below(Math.Min(left, right) + 1);
            var chosen = chance.Choose(names, left + right - shared);
            var first = chance.Choose(chosen[..left], left);
            var second = chance.Choose([.. chosen[..shared], .. chosen[left..]], right);
            var inputs = $"similarity sentence1: {string.Join(' ', first)} sentence2: {string.Join(' ', second)}";
            yield return new KeyedExample(inputs, new TextExample(inputs, Score(shared, left, right)));
        }
    }

    private static int Length(SplitMix64 chance) => Shortest + chance.Below(Longest - Shortest + 1);

    private static string Score(int shared, int left, int right) =>
        SimilarityScore.Fifths((10.0 * shared / (left + right)).ToString(CultureInfo.InvariantCulture));
}
