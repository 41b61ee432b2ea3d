using Temper.Mixture.Sources;

namespace Temper.Mixture.Tests.Sources;

public sealed class DataRootsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly Scratch _other = new();

    public void Dispose()
    {
        _scratch.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void The_first_root_that_has_the_file_wins()
    {
        _scratch.Write("both.txt", "here");
        _other.Write("both.txt", "there");
        _other.Write("sub/only.txt", "there");
        var roots = new DataRoots([_scratch.Root, _other.Root]);

        Assert.Equal("here", Text(roots, "both.txt"));
        Assert.Equal("there", Text(roots, "sub/only.txt"));
        Assert.Equal("here", Text(roots, "sub/../both.txt"));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/../../secret.txt")]
    [InlineData("/no/such/file")]
    [InlineData("..")]
    public void A_name_that_leads_out_of_the_roots_is_refused_whether_or_not_it_exists(string name)
    {
        Assert.False(new DataRoots([_scratch.Root]).TryFind(name, out _, out var problem));

        Assert.StartsWith($"'{name}' leads out of the data root", problem);
    }

    [Fact]
    public void A_symbolic_link_may_point_inside_but_not_outside()
    {
        _scratch.Write("real/inside.txt", "inside");
        var secret = Path.Combine(_other.Root, _other.Write("secret.txt", "secret"));
        File.CreateSymbolicLink(Path.Combine(_scratch.Root, "file"), secret);
        Directory.CreateSymbolicLink(Path.Combine(_scratch.Root, "folder"), _other.Root);
        Directory.CreateSymbolicLink(Path.Combine(_scratch.Root, "near"), "real");
        var roots = new DataRoots([_scratch.Root]);

        Assert.Equal("inside", Text(roots, "near/inside.txt"));
        Assert.False(roots.TryFind("file", out _, out _));
        Assert.False(roots.TryFind("folder/secret.txt", out _, out _));
        Assert.False(roots.TryFind("near/../../" + Path.GetFileName(_other.Root) + "/secret.txt", out _, out _));
    }

    [Fact]
    public void A_root_may_itself_be_a_symbolic_link()
    {
        _other.Write("a.txt", "linked");
        var link = Path.Combine(_scratch.Root, "root");
        Directory.CreateSymbolicLink(link, _other.Root);

        Assert.Equal("linked", Text(new DataRoots([link]), "a.txt"));
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        File.CreateSymbolicLink(Path.Combine(_scratch.Root, "a"), "b");
        File.CreateSymbolicLink(Path.Combine(_scratch.Root, "b"), "a");

        Assert.False(new DataRoots([_scratch.Root]).TryFind("a", out _, out _));
    }

    [Theory]
    [InlineData("missing.txt", "'missing.txt' is not in the data root")]
    [InlineData("", "The file has no name.")]
    [InlineData("a\0b", "The file has no name.")]
    public void What_is_missing_is_named(string name, string message)
    {
        Assert.False(new DataRoots([_scratch.Root]).TryFind(name, out _, out var problem));

        Assert.StartsWith(message, problem);
    }

    [Fact]
    public void Without_roots_no_file_is_found()
    {
        Assert.False(new DataRoots([]).TryFind("a.txt", out _, out var problem));

        Assert.Contains("no data root is configured", problem);
    }

    private static string Text(DataRoots roots, string name)
    {
        Assert.True(roots.TryFind(name, out var file, out _));
        return File.ReadAllText(file.FullPath);
    }
}
