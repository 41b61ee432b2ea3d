using System.Globalization;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>
/// Takes a part of the training rows. The positions are ordered by their hash, a permutation that depends on nothing but
/// the position: the same on every host and for every run, and 100 rows are the first 100 of the 200 that another run takes.
/// </summary>
internal static class MaxExamples
{
    public static IReadOnlyList<TextExample> Take(IReadOnlyList<TextExample> rows, int? limit)
    {
        if (limit is not { } count || count >= rows.Count)
        {
            return rows;
        }

        return [.. Enumerable.Range(0, rows.Count)
            .OrderBy(position => TextHash.Of("max_examples", position.ToString(CultureInfo.InvariantCulture)))
            .Take(count)
            .Select(position => rows[position])];
    }
}
