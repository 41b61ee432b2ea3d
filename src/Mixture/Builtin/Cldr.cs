using System.Globalization;

namespace Temper.Mixture.Builtin;

/// <summary>
/// Names from CLDR, the Unicode consortium's data that come to .NET with ICU. They are asked for by culture and never depend
/// on the culture of the process; the patterns around them are Temper's own, so that only names can differ between hosts.
/// </summary>
internal sealed class Cldr(Func<string, CultureInfo> cultureOf)
{
    /// <summary>The runtime's data.</summary>
    public static Cldr OfRuntime { get; } = new(CultureInfo.GetCultureInfo);

    /// <summary>Why there are no names, and what to do about it; null if there are.</summary>
    public string? Unavailable()
    {
        try
        {
            return Months("de")[2] == "März" && Months("ro")[0] == "ianuarie" ? null : Remedy;
        }
        catch (CultureNotFoundException)
        {
            return Remedy;
        }
    }

    private static string Remedy =>
        "Built-in tasks take names from the runtime's CLDR data, but it runs in invariant-globalization mode or without ICU. "
        + "Install libicu and set DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=0, or use tasks with files.";

    /// <summary>January first.</summary>
    public string[] Months(string language) => cultureOf(language).DateTimeFormat.MonthNames[..12];

    /// <summary>Sunday first, as <see cref="DayOfWeek"/> counts.</summary>
    public string[] Days(string language) => cultureOf(language).DateTimeFormat.DayNames;

    /// <summary>
    /// Name of a country in a language. <see cref="RegionInfo.DisplayName"/> cannot be asked for a language; the native name of
    /// a country in the culture "language-country" can, also for pairs that CLDR has no culture for.
    /// </summary>
    public static string Country(string language, string country) => new RegionInfo($"{language}-{country}").NativeName;
}
