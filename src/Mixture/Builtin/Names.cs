using System.Globalization;
using Temper.Mixture.Examples;

namespace Temper.Mixture.Builtin;

/// <summary>Translation of names of months, days and countries.</summary>
internal sealed class Names(Cldr cldr)
{
    // ISO 3166-1, fixed here: which codes the runtime knows differs between versions, and so would the rows.
    private const string Countries =
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
        + "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
        + "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
        + "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ "
        + "NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
        + "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ "
        + "UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

    /// <summary>Months from English to each other language and back: 72 rows.</summary>
    public IEnumerable<KeyedExample> Months() => ThereAndBack("month", cldr.Months);

    /// <summary>Days of the week from English to each other language and back: 42 rows.</summary>
    public IEnumerable<KeyedExample> Days() => ThereAndBack("day", cldr.Days);

    /// <summary>Countries from English to each other language: 747 rows.</summary>
    public static IEnumerable<KeyedExample> CountryNames() =>
        from code in Countries.Split(' ')
        from to in Language.Foreign
        let row = Row("country", Language.English, to, Cldr.Country("en", code), Cldr.Country(to.Code, code))
        select new KeyedExample($"{code}/{to.Code}", row);

    private static IEnumerable<KeyedExample> ThereAndBack(string kind, Func<string, string[]> namesOf)
    {
        foreach (var foreign in Language.Foreign)
        {
            foreach (var (from, to) in new[] { (Language.English, foreign), (foreign, Language.English) })
            {
                foreach (var (index, (name, translated)) in namesOf(from.Code).Zip(namesOf(to.Code)).Index())
                {
                    var key = string.Create(CultureInfo.InvariantCulture, $"{kind}/{index}/{from.Code}/{to.Code}");
                    yield return new KeyedExample(key, Row(kind, from, to, name, translated));
                }
            }
        }
    }

    private static TextExample Row(string kind, Language from, Language to, string name, string translated) =>
        new($"translate {kind} {from.Name} to {to.Name}: {name}", translated);
}
