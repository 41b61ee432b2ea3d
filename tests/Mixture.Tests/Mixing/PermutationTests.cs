using CsCheck;
using Temper.Mixture.Mixing;

namespace Temper.Mixture.Tests.Mixing;

public class PermutationTests
{
    [Fact]
    public void Every_item_comes_exactly_once() => Gen.Select(Gen.ULong, Gen.Int[1, 3000]).Sample((key, count) =>
    {
        var order = new Permutation(key, count);
        var items = Enumerable.Range(0, count).Select(place => order[place]).Order();
        Assert.Equal(Enumerable.Range(0, count), items);
    });

    [Fact]
    public void Other_keys_give_other_orders()
    {
        var (a, b) = (new Permutation(1, 1000), new Permutation(2, 1000));

        Assert.InRange(Enumerable.Range(0, 1000).Count(place => a[place] == b[place]), 0, 12);
    }

    [Fact]
    public void Neighbours_are_scattered()
    {
        var order = new Permutation(Seeds.Mix(17, Seeds.Of("sst2"), 0), 67_349);
        var firsts = Enumerable.Range(0, 1000).Select(place => (double)order[place]).Average();

        Assert.InRange(firsts, 67_349 * 0.45, 67_349 * 0.55);
    }

    [Fact]
    public void The_order_never_changes_between_versions() =>
        Assert.Equal([0, 4, 5, 9, 7, 1, 2, 8, 6, 3], Enumerable.Range(0, 10).Select(place => new Permutation(17, 10)[place]));
}
