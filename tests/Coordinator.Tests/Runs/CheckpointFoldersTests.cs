using Microsoft.Extensions.Time.Testing;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Threads;

namespace Temper.Coordinator.Tests.Runs;

public class CheckpointFoldersTests
{
    [Fact]
    public async Task A_folder_that_hangs_is_given_up_after_its_deadline_and_is_not_asked_twice_at_once()
    {
        var time = new FakeTimeProvider();
        using var hangs = new ManualResetEventSlim();
        var asked = 0;
        var folders = new CheckpointFolders(new Clock(time), (folder, _) =>
        {
            Interlocked.Increment(ref asked);
            if (folder == "hung")
            {
                hangs.Wait();
            }

            return [new CheckpointMark(3, folder)];
        });

        var first = folders.ListAsync("hung", 1);
        Assert.Equal("other", Assert.Single((await folders.ListAsync("other", 1))!).Name);
        Assert.False(first.IsCompleted);
        time.Advance(OwnThread.FolderTimeout);
        Assert.Null(await first);
        Assert.Null(await folders.ListAsync("hung", 1));
        Assert.Equal(2, asked);

        hangs.Set();
        IReadOnlyList<CheckpointMark>? found;
        while ((found = await folders.ListAsync("hung", 1)) is null)
        {
            await Task.Yield();
        }

        Assert.Equal("hung", Assert.Single(found).Name);
    }
}
