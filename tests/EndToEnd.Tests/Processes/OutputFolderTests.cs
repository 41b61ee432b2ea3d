using System.Runtime.Versioning;
using Temper.Cli.Embedded;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>The output folder of <c>temper run</c> and <c>temper experiment run</c>.</summary>
[Collection("processes")]
[UnsupportedOSPlatform("windows")]
public sealed class OutputFolderTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("first/model", "temper run")]
    [InlineData("first/deep/er/x", "temper run")]
    [InlineData("first/../first/sub", "temper experiment run")]
    [InlineData("to-model/sub", "temper run")]
    public async Task A_folder_in_that_of_another_run_is_refused_and_the_run_is_named(string name, string command)
    {
        using (var first = Claim("first"))
        {
            Directory.CreateDirectory(_folder["first/state"]);
            await first.Keep(await File.ReadAllTextAsync(_folder.Spec(), TestContext.Current.CancellationToken));
        }

        Directory.CreateDirectory(_folder["first/model"]);
        Directory.CreateSymbolicLink(_folder["to-model"], "first/model");

        var refusal = Assert.Throws<IOException>(() => OutputFolder.Claim(new DirectoryInfo(_folder[name]), "second", command));

        Assert.Contains($" lies in {_folder["first"]}, the output folder of 'small': ", refusal.Message);
        Assert.EndsWith("Give --output a folder outside it.", refusal.Message);
        Assert.Equal(["model", "spec.yaml", "state"], Names("first"));
    }

    [Fact]
    public void A_folder_in_that_of_a_run_of_a_service_is_refused()
    {
        Directory.CreateDirectory(_folder["served/logs"]);
        File.WriteAllText(_folder["served/logs/epoch-1-rank-0.log"], "");

        Assert.Contains("the output folder of another run", Assert.Throws<IOException>(() => Claim("served/mine")).Message);
    }

    [Fact]
    public void Of_two_that_begin_in_one_folder_the_second_is_refused_and_deletes_nothing_of_the_first()
    {
        using var first = Claim("one");
        Assert.Throws<IOException>(() => Claim("one"));
        Directory.CreateDirectory(_folder["one/state"]);
        Assert.Throws<IOException>(() => Claim("one"));

        Assert.Contains("state", Names("one"));
    }

    [Fact]
    public void What_is_not_accepted_leaves_what_others_made()
    {
        Directory.CreateDirectory(_folder["there"]);
        Directory.CreateSymbolicLink(_folder["to-there"], "there");
        using (Claim("to-there"))
        {
            Directory.CreateDirectory(_folder["there/logs"]);
            Directory.CreateDirectory(_folder["there/state"]);
            Directory.CreateDirectory(_folder["there/somebody's"]);
        }

        Assert.Equal("there", new FileInfo(_folder["to-there"]).LinkTarget);
        Assert.Equal(["somebody's"], Names("there"));
    }

    [Fact]
    public void What_is_not_accepted_leaves_nothing_behind_and_an_empty_folder_as_it_was()
    {
        Directory.CreateDirectory(_folder["empty"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        Claim("empty").Dispose();
        Claim("new").Dispose();

        Assert.Equal([], Names("empty"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead, File.GetUnixFileMode(_folder["empty"]));
        Assert.False(Directory.Exists(_folder["new"]));
    }

    [Fact]
    public async Task The_program_refuses_it_in_one_line()
    {
        Directory.CreateDirectory(_folder["first/state"]);
        await File.WriteAllTextAsync(_folder["first/spec.yaml"], "name: broken", TestContext.Current.CancellationToken);

        var (exit, output) = await TemperProcess.Run("run", _folder.Spec(), "--output", _folder["first/model"]);

        Assert.Equal(1, exit);
        Assert.StartsWith($"temper: {_folder["first/model"]} lies in {_folder["first"]}, the output folder of another run: ", Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    private OutputFolder Claim(string name) => OutputFolder.Claim(new DirectoryInfo(_folder[name]), "small", "temper run");

    private IEnumerable<string?> Names(string folder) => Directory.EnumerateFileSystemEntries(_folder[folder]).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
