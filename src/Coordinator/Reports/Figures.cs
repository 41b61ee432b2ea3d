using System.Globalization;

namespace Temper.Coordinator.Reports;

/// <summary>Numbers as people read them: the same in the page and in the terminal, in every locale.</summary>
public static class Figures
{
    /// <summary>Stands where a number is not known or not defined.</summary>
    public const string None = "–";

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>12,345.</summary>
    public static string Count(double? number) => Finite(number) is { } x ? x.ToString("#,0", Invariant) : None;

    /// <summary>A share of 0.125 as 12.5 %.</summary>
    public static string Percent(double? share) => Finite(share) is { } x ? (x * 100).ToString("0.0", Invariant) + " %" : None;

    /// <summary>A metric, which is ×100 already, as 98.4.</summary>
    public static string Metric(double? value) => Finite(value) is { } x ? x.ToString("0.0", Invariant) : None;

    /// <summary>A metric where differences are small and known with their noise: 83.28.</summary>
    public static string Score(double? value) => Finite(value) is { } x ? x.ToString("0.00;−0.00", Invariant) : None;

    /// <summary>A difference of metrics as +1.20 or −0.35.</summary>
    public static string Gain(double? difference) => Finite(difference) is { } x ? x.ToString("+0.00;−0.00;0.00", Invariant) : None;

    /// <summary>Floating-point operations as 1.25×10¹⁵.</summary>
    public static string Flops(double? number) => Finite(number) is not { } x ? None : x == 0 ? "0" : Raised(Power(x, "0.00"));

    /// <summary>matthews_corrcoef as "matthews", exact_match as "exact match".</summary>
    public static string MetricName(string name) => name.Replace("_corrcoef", "", StringComparison.Ordinal).Replace('_', ' ');

    /// <summary>Four significant digits where the number is small, four decimals where it is not: a loss.</summary>
    public static string Loss(double? loss) => Finite(loss) is not { } x ? None
        : x == 0 || Math.Abs(x) >= 0.01 ? x.ToString("0.0000", Invariant)
        : Power(x, "0.00");

    /// <summary>Three significant digits: a learning rate, a norm.</summary>
    public static string Small(double? number) => Finite(number) is not { } x ? None
        : x == 0 ? "0"
        : Math.Abs(x) is >= 0.001 and < 10_000 ? Math.Round(x, Math.Max(0, 2 - (int)Math.Floor(Math.Log10(Math.Abs(x))))).ToString("0.#####", Invariant)
        : Power(x, "0.##");

    /// <summary>41.2 k, 3.1 M.</summary>
    public static string Rate(double? number) => Finite(number) switch
    {
        null => None,
        >= 1e9 and var x => (x / 1e9).ToString("0.0", Invariant) + " G",
        >= 1e6 and var x => (x / 1e6).ToString("0.0", Invariant) + " M",
        >= 1e4 and var x => (x / 1e3).ToString("0.0", Invariant) + " k",
        { } x => x.ToString("#,0", Invariant),
    };

    /// <summary>850 ms, 12.3 s, 3 min 05 s, 2 h 07 min, 3 d 04 h.</summary>
    public static string Duration(double? seconds)
    {
        if (Finite(seconds) is not { } s || s < 0)
        {
            return None;
        }

        var whole = (long)Math.Min(Math.Round(s), 1e15);
        return s switch
        {
            < 0.9995 => (s * 1000).ToString(s < 0.01 ? "0.0" : "0", Invariant) + " ms",
            < 59.95 => s.ToString("0.0", Invariant) + " s",
            < 3599.5 => string.Create(Invariant, $"{whole / 60} min {whole % 60:00} s"),
            < 86_370 => string.Create(Invariant, $"{(whole + 30) / 3600} h {(whole + 30) / 60 % 60:00} min"),
            _ => string.Create(Invariant, $"{(whole + 1800) / 86400} d {(whole + 1800) / 3600 % 24:00} h"),
        };
    }

    /// <summary>"1 recovery", "2 recoveries".</summary>
    public static string Counted(long count, string one, string many) => $"{Count(count)} {(count == 1 ? one : many)}";

    private static string Raised(string power)
    {
        var parts = power.Split('e');
        return $"{parts[0]}×10{string.Concat(parts[1].Select(sign => sign == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign - '0']))}";
    }

    private static double? Finite(double? number) => number is { } x && double.IsFinite(x) ? x : null;

    private static string Power(double x, string mantissa)
    {
        var exponent = (int)Math.Floor(Math.Log10(Math.Abs(x)));
        var scaled = Math.Round(x / Math.Pow(10, exponent), 2);
        if (Math.Abs(scaled) >= 10)
        {
            (scaled, exponent) = (scaled / 10, exponent + 1);
        }

        return string.Create(Invariant, $"{scaled.ToString(mantissa, Invariant)}e{exponent}");
    }
}
