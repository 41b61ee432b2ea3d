using Temper.Contracts.Specs;
using Temper.Planning.Models;

namespace Temper.Planning.Tests.Specs;

public sealed class ComputedWithTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-computed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_a_run_computed_with_is_found_in_its_models_folder()
    {
        Assert.Null(ComputedWith.Find(_folder));

        new ComputedWith(Precision.Bf16, 3).Write(_folder);

        Assert.Equal(new ComputedWith(Precision.Bf16, 3), ComputedWith.Find(_folder));
        Assert.Equal("""{"precision":"bf16","threads":3}""", File.ReadAllText(Path.Combine(_folder, ComputedWith.Name)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("""{"precision":"bf16"}""")]
    [InlineData("""{"precision":"auto","threads":1}""")]
    [InlineData("""{"precision":"fp16","threads":1}""")]
    [InlineData("""{"precision":"fp32","threads":0}""")]
    public void A_damaged_file_is_refused_with_the_remedy(string text)
    {
        File.WriteAllText(Path.Combine(_folder, ComputedWith.Name), text);

        var refused = Assert.Throws<InvalidDataException>(() => ComputedWith.Find(_folder));

        Assert.StartsWith(Path.Combine(_folder, ComputedWith.Name), refused.Message);
        Assert.EndsWith("or delete it: then fp32 and all cores are taken.", refused.Message);
    }

    [Fact]
    public void Models_that_computed_in_different_ways_have_nothing_in_common()
    {
        var one = new ComputedWith(Precision.Fp32, 1);

        Assert.Equal(one, ComputedWith.Common([one, one with { }]));
        Assert.Null(ComputedWith.Common([one, new ComputedWith(Precision.Fp32, 2)]));
        Assert.Null(ComputedWith.Common([one, null]));
        Assert.Null(ComputedWith.Common([]));
    }
}
