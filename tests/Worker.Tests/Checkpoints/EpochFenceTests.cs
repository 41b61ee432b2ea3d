using Temper.Worker.Checkpoints;
using Temper.Worker.Models;

namespace Temper.Worker.Tests.Checkpoints;

public sealed class EpochFenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-fence-").FullName;

    private string Model => Path.Combine(_folder, "model");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_trainer_that_was_cut_off_does_not_replace_what_a_newer_epoch_wrote()
    {
        var (old, newer) = (Fence(1), Fence(2));
        old.Raise();
        newer.Raise();
        Write(newer, "of epoch 2");

        Assert.Throws<FencedException>(() => Write(old, "of epoch 1"));

        Assert.Equal("of epoch 2", File.ReadAllText(Path.Combine(Model, "weights")));
        Assert.Equal([".epoch", "model"], Directory.GetFileSystemEntries(_folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Throws<FencedException>(old.Raise);
    }

    [Fact]
    public void What_another_run_left_in_the_folder_fences_nobody()
    {
        new EpochFence(_folder, "another", 9).Raise();

        var fence = Fence(1);
        fence.Raise();
        fence.Check();
    }

    [Fact]
    public void Drafts_that_were_left_behind_are_deleted()
    {
        Directory.CreateDirectory($"{Model}.epoch-1.unfinished");
        Directory.CreateDirectory($"{Model}.4711.unfinished");
        Directory.CreateDirectory(Model);

        WholeFolder.DeleteDrafts(Model);

        Assert.Equal([Model], Directory.GetDirectories(_folder));
    }

    private EpochFence Fence(long epoch) => new(_folder, "r", epoch);

    private void Write(EpochFence fence, string text) =>
        WholeFolder.Write(Model, draft => File.WriteAllText(Path.Combine(draft, "weights"), text), fence.Owner, fence.Check);
}
