using System.Globalization;
using Temper.Mixture.Examples;

namespace Temper.Mixture.Builtin;

/// <summary>Sums and differences of numbers from 0 to 63; no result is negative.</summary>
internal static class Arithmetic
{
    private const int Limit = 64;

    public static IEnumerable<KeyedExample> Rows() =>
        from a in Enumerable.Range(0, Limit)
        from b in Enumerable.Range(0, Limit)
        from row in b <= a ? new[] { Row(a, '+', b, a + b), Row(a, '-', b, a - b) } : [Row(a, '+', b, a + b)]
        select row;

    private static KeyedExample Row(int a, char sign, int b, int result)
    {
        var term = string.Create(CultureInfo.InvariantCulture, $"{a} {sign} {b}");
        return new KeyedExample(term, new TextExample($"arithmetic: {term}", result.ToString(CultureInfo.InvariantCulture)));
    }
}
