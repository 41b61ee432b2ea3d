using CsCheck;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tests.Sources;

public class ShareTests
{
    private static readonly Dictionary<string, int> Columns = new() { ["question"] = 0, ["sentence"] = 1 };

    [Fact]
    public void Shares_that_meet_hold_every_row_exactly_once() =>
        Gen.Select(Gen.String, Gen.String, Gen.Double[0.01, 0.99]).Sample((question, sentence, cut) =>
        {
            var row = RowOf(question, sentence);
            return new Share(0, cut).Holds(row) != new Share(cut, 1).Holds(row);
        });

    [Fact]
    public void Rows_that_agree_in_the_named_columns_stay_together() =>
        Gen.Select(Gen.String, Gen.String, Gen.String).Sample((question, one, other) =>
        {
            var share = new Share(0, 0.5, ["question"]);
            return share.Holds(RowOf(question, one)) == share.Holds(RowOf(question, other));
        });

    [Fact]
    public void A_share_holds_about_its_part_of_the_rows()
    {
        var share = new Share(0, 0.8, ["question"]);

        Assert.InRange(Enumerable.Range(0, 10_000).Count(i => share.Holds(RowOf($"question {i}", ""))), 7850, 8150);
    }

    [Fact]
    public void The_hash_never_changes()
    {
        // FNV-1a and SplitMix64's finisher over length-prefixed bytes, computed elsewhere: another value would move rows between splits.
        Assert.Equal(0x7F23D7469FD11CFBUL, TextHash.Of("Wer?", "ä"));
        Assert.NotEqual(TextHash.Of("ab", "c"), TextHash.Of("a", "bc"));
    }

    private static Row RowOf(string question, string sentence) => new("f:1", Columns, [question, sentence]);
}
