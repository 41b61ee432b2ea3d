using System.Globalization;
using Temper.Mixture.Examples;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>
/// Takes a part of the training examples. The positions are ordered by their hash, a permutation that depends on nothing but
/// the position: the same on every host and for every run, and 100 examples are the first 100 of the 200 that another run takes.
/// </summary>
internal static class MaxExamples
{
    public static IReadOnlyList<TextExample> Take(IReadOnlyList<TextExample> rows, int? limit) =>
        limit < rows.Count ? [.. Positions(rows.Count, limit).Select(position => rows[position])] : rows;

    /// <summary>Positions of the examples that are taken out of <paramref name="count"/>, in the order of training.</summary>
    public static IEnumerable<int> Positions(int count, int? limit) => limit < count ? Order(count).Take(limit.Value) : Enumerable.Range(0, count);

    /// <summary>All positions, in the order in which they are taken.</summary>
    public static IEnumerable<int> Order(int count) =>
        Enumerable.Range(0, count).OrderBy(position => TextHash.Of("max_examples", position.ToString(CultureInfo.InvariantCulture)));
}
