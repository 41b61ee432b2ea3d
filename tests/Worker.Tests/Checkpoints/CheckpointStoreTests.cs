using System.Net.Sockets;
using System.Runtime.InteropServices;
using Temper.Contracts.Runs;
using Temper.Worker.Checkpoints;
using Temper.Worker.Training;

namespace Temper.Worker.Tests.Checkpoints;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-checkpoints-").FullName;

    private string Checkpoints => Path.Combine(_folder, "checkpoints");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_share_that_is_not_mounted_says_nothing_of_the_checkpoint_in_it()
    {
        var error = Assert.Throws<CheckpointUnreadableException>(() => Store().Load("step-00000010-epoch-1", null!, null!));

        Assert.Equal(FailureCauses.StorageUnreadable, TrainerProgram.Explain(error).Cause);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_no_damage()
    {
        var name = Save(10);
        var file = Path.Combine(Checkpoints, name, "weights");
        File.Delete(file);
        // Whoever opens it gets ELOOP, also as root.
        File.CreateSymbolicLink(file, file);

        Assert.Throws<CheckpointUnreadableException>(() => Store().Load(name, null!, null!));
    }

    [Fact]
    public void A_file_or_a_folder_that_is_missing_where_the_others_can_be_read_is_damage()
    {
        var name = Save(10);
        File.Delete(Path.Combine(Checkpoints, name, "weights"));

        var error = Assert.Throws<CheckpointDamagedException>(() => Store().Load(name, null!, null!));
        Assert.Equal($"Checkpoint {name} is damaged: weights is missing.", error.Message);
        Assert.Throws<CheckpointDamagedException>(() => Store().Load("step-00000020-epoch-1", null!, null!));
        File.Delete(Path.Combine(Checkpoints, name, "manifest.json"));
        Assert.Throws<CheckpointDamagedException>(() => Store().Load(name, null!, null!));
    }

    [Fact]
    public void Where_the_disk_is_full_older_checkpoints_make_room_and_the_newest_whole_one_is_kept()
    {
        Save(10);
        Save(20);
        var kept = Save(30);
        var attempts = 0;

        var saved = Store().Save(State(40), draft =>
        {
            attempts++;
            File.WriteAllText(Path.Combine(draft, "weights"), "half");
            if (Names().Length > 2)
            {
                throw Full();
            }
        });

        Assert.Equal((2, "step-00000040-epoch-1"), (attempts, saved));
        Assert.Equal([kept, saved], Names());
    }

    [Fact]
    public void The_only_whole_checkpoint_is_never_deleted_and_nothing_unfinished_is_left()
    {
        Save(10);
        var whole = Save(20);
        var damaged = Save(30);
        File.WriteAllText(Path.Combine(Checkpoints, damaged, "weights"), "other");

        Assert.Throws<IOException>(() => Store().Save(State(40), draft =>
        {
            File.WriteAllText(Path.Combine(draft, "weights"), "half");
            throw Full();
        }));

        Assert.Equal([whole], Names());
    }

    [Fact]
    public void Room_is_made_before_a_checkpoint_is_written_that_would_not_fit()
    {
        Save(10);
        var kept = Save(20);

        new CheckpointStore(Checkpoints, () => 1).Save(State(30), draft =>
        {
            Assert.Equal([kept, "step-00000030-epoch-1.unfinished"], Names());
            File.WriteAllText(Path.Combine(draft, "weights"), "w");
        });
    }

    [Fact]
    public void What_was_left_unfinished_is_deleted_but_not_that_of_a_newer_epoch()
    {
        foreach (var left in new[] { "step-00000010-epoch-1.unfinished", "step-00000020-epoch-3.unfinished" })
        {
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(Checkpoints, left)).FullName, "weights"), "half");
        }

        Store().DeleteUnfinished(epoch: 2);

        Assert.Equal(["step-00000020-epoch-3.unfinished"], Names());
    }

    [Fact]
    public void What_the_system_says_of_a_full_disk_is_known()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full.");

        Assert.Equal(FailureCauses.StorageFull, TrainerProgram.Explain(Assert.ThrowsAny<IOException>(() => File.WriteAllText("/dev/full", "x"))).Cause);
    }

    [Fact]
    public void Causes_are_told_apart()
    {
        Assert.Equal(FailureCauses.StorageFull, Cause(new IOException("Disk quota exceeded", 122)));
        Assert.Equal(FailureCauses.StorageUnreadable, Cause(new FileNotFoundException("rows.tsv")));
        Assert.Equal(FailureCauses.StorageUnreadable, Cause(new UnauthorizedAccessException()));
        Assert.Equal(FailureCauses.StorageUnreadable, Cause(new IOException("Stale file handle", 116)));
        Assert.Equal(FailureCauses.OutOfMemory, Cause(new OutOfMemoryException()));
        Assert.Equal(FailureCauses.OutOfMemory, Cause(new ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB\nException raised from malloc")));
        Assert.Equal(FailureCauses.TrainerError, Cause(new InvalidDataException("no text")));
        Assert.Equal(FailureCauses.TrainerError, Cause(new IOException("reset", new SocketException())));

        static string Cause(Exception e) => TrainerProgram.Explain(e).Cause;
    }

    private CheckpointStore Store() => new(Checkpoints, () => long.MaxValue);

    private string Save(int step) => Store().Save(State(step), draft => File.WriteAllText(Path.Combine(draft, "weights"), $"w{step}"));

    private string[] Names() => [.. Directory.GetDirectories(Checkpoints).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static CheckpointState State(int step) => new(step, 1, "r", "h", 0, step);

    private static IOException Full() => new("No space left on device", 28);
}
