using Temper.Worker.Native;

namespace Temper.Worker.Tests.Native;

public class ElfVersionsTests
{
    private static readonly string[] s_all = ["GLIBCXX_3.4.11", "GLIBCXX_3.4.29", "GLIBCXX_3.4.30", "GLIBCXX_3.4.32"];

    private static byte[] Library => File.ReadAllBytes(
        Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));

    [Fact]
    public void Nothing_changes_where_the_system_is_new_enough() =>
        Assert.Null(ElfVersions.Relax(Library, s_all.ToHashSet()));

    [Fact]
    public void Debian_12_needs_one_flag()
    {
        var library = Library;

        var patched = ElfVersions.Relax(library, s_all[..3].ToHashSet());

        Assert.NotNull(patched);
        Assert.Equal(1, Differences(library, patched));
    }

    [Fact]
    public void Red_Hat_9_needs_a_second_flag_and_an_older_wait()
    {
        var library = Library;

        var patched = ElfVersions.Relax(library, s_all[..2].ToHashSet());

        Assert.NotNull(patched);
        Assert.Equal(3, Differences(library, patched));
    }

    [Fact]
    public void What_is_not_a_library_is_left_alone()
    {
        Assert.Null(ElfVersions.Relax("MZ, something else entirely"u8, s_all.ToHashSet()));
        Assert.Empty(ElfVersions.Provided([]));
    }

    private static int Differences(byte[] one, byte[] other) => one.Zip(other).Count(pair => pair.First != pair.Second);
}
