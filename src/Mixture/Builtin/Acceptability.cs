using System.Globalization;
using Temper.Mixture.Examples;

namespace Temper.Mixture.Builtin;

/// <summary>
/// Is this English date well formed? Every second date is spoilt in one of four ways that can be seen in the text alone; a
/// weekday that does not fit the date is not among them, since no small model could learn the calendar.
/// </summary>
internal sealed class Acceptability(Cldr cldr)
{
    public static readonly IReadOnlyList<string> Labels = ["unacceptable", "acceptable"];

    private const int RowCount = 3700;

    public IEnumerable<KeyedExample> Rows()
    {
        var chance = new SplitMix64(seed: 1);
        var write = new Dates(cldr).Writer(Language.English);
        foreach (var (index, date) in chance.Choose([.. Dates.All.Where(date => date.Year is >= 1950 and < 2050)], RowCount).Index())
        {
            var spoilt = index % 2 == 0;
            var text = spoilt ? Spoil(date, chance) : write(date);
            var key = date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            yield return new KeyedExample(key, new TextExample($"dates sentence: {text}", Labels[spoilt ? 0 : 1]));
        }
    }

    private string Spoil(DateOnly date, SplitMix64 chance)
    {
        var day = cldr.Days("en")[(int)date.DayOfWeek];
        var month = cldr.Months("en")[date.Month - 1];
        return chance.Below(4) switch
        {
            // No month has so many days.
            0 => Written($"{day}, {month} {32 + chance.Below(60)}, {date.Year}"),
            // The order of the parts is another.
            1 => Written($"{month}, {day} {date.Day}, {date.Year}"),
            // A foreign name stands among English ones.
            2 => Written($"{Foreign(date, chance)}, {month} {date.Day}, {date.Year}"),
            // A letter is doubled.
            _ => Written($"{day}, {Stutter(month, chance)} {date.Day}, {date.Year}"),
        };
    }

    private string Foreign(DateOnly date, SplitMix64 chance) =>
        cldr.Days(Language.Foreign[chance.Below(Language.Foreign.Count)].Code)[(int)date.DayOfWeek];

    private static string Stutter(string word, SplitMix64 chance)
    {
        var at = chance.Below(word.Length);
        return word.Insert(at, word[at..(at + 1)]);
    }

    private static string Written(FormattableString text) => FormattableString.Invariant(text);
}
