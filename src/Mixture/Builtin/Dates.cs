using System.Globalization;
using Temper.Mixture.Examples;

namespace Temper.Mixture.Builtin;

/// <summary>Long dates with weekday in four languages, 1900 to 2099. Names are CLDR's, the order of the parts is fixed here.</summary>
internal sealed class Dates(Cldr cldr)
{
    public static readonly DateOnly First = new(1900, 1, 1);

    public static readonly DateOnly Last = new(2099, 12, 31);

    public static IEnumerable<DateOnly> All => Enumerable.Range(First.DayNumber, Last.DayNumber - First.DayNumber + 1).Select(DateOnly.FromDayNumber);

    /// <summary>Rows of <c>translate English to German: Thursday, March 5, 1987</c> → <c>Donnerstag, 5. März 1987</c>.</summary>
    public IEnumerable<KeyedExample> Translations(Language to)
    {
        var (source, target) = (Writer(Language.English), Writer(to));
        return All.Select(date => new KeyedExample(
            date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            new TextExample($"translate English to {to.Name}: {source(date)}", target(date))));
    }

    /// <summary>Writes dates in a language.</summary>
    public Func<DateOnly, string> Writer(Language language)
    {
        var (months, days) = (cldr.Months(language.Code), cldr.Days(language.Code));
        string Day(DateOnly date) => days[(int)date.DayOfWeek];
        string Month(DateOnly date) => months[date.Month - 1];
        return language.Code switch
        {
            "en" => date => string.Create(CultureInfo.InvariantCulture, $"{Day(date)}, {Month(date)} {date.Day}, {date.Year}"),
            "de" => date => string.Create(CultureInfo.InvariantCulture, $"{Day(date)}, {date.Day}. {Month(date)} {date.Year}"),
            "fr" => date => string.Create(CultureInfo.InvariantCulture, $"{Day(date)} {date.Day} {Month(date)} {date.Year}"),
            "ro" => date => string.Create(CultureInfo.InvariantCulture, $"{Day(date)}, {date.Day} {Month(date)} {date.Year}"),
            var other => throw new ArgumentOutOfRangeException(nameof(language), other, "No date pattern for this language."),
        };
    }
}
