using Temper.Worker.Checkpoints;

namespace Temper.Worker.Tests.Checkpoints;

public sealed class EpochFenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-fence-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_trainer_that_was_cut_off_writes_nothing_once_a_newer_epoch_has_begun()
    {
        var (old, newer) = (Fence(1), Fence(2));
        old.Raise();
        old.Check();
        newer.Raise();
        newer.Check();

        Assert.Throws<FencedException>(old.Check);
        Assert.Throws<FencedException>(old.Raise);
        Assert.Equal([".epoch"], Directory.GetFileSystemEntries(_folder).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void What_another_run_left_in_the_folder_fences_nobody()
    {
        new EpochFence(_folder, "another", 9).Raise();

        var fence = Fence(1);
        fence.Raise();
        fence.Check();
    }

    private EpochFence Fence(long epoch) => new(_folder, "r", epoch);
}
