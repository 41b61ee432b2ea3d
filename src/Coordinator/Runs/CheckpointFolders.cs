using System.Collections.Concurrent;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Threads;

namespace Temper.Coordinator.Runs;

/// <summary>
/// Lists checkpoints without waiting for ever: a share that hangs blocks the thread that looks at it, for hours maybe, and must block nothing
/// else. Each folder has at most one such thread.
/// </summary>
/// <param name="clock">Measures the wait.</param>
/// <param name="list">Lists the checkpoints of an output folder up to an epoch.</param>
internal sealed class CheckpointFolders(Clock clock, Func<string, long, IReadOnlyList<CheckpointMark>> list)
{
    private readonly ConcurrentDictionary<string, Task<IReadOnlyList<CheckpointMark>>> _asked = [];

    public CheckpointFolders(Clock clock)
        : this(clock, CheckpointFolder.List)
    {
    }

    /// <summary>The whole checkpoints of a folder; null if it does not answer. Whoever asks again while it does not hears so at once.</summary>
    public async Task<IReadOnlyList<CheckpointMark>?> ListAsync(string outputDirectory, long epoch)
    {
        if (_asked.TryGetValue(outputDirectory, out var earlier) && !earlier.IsCompleted)
        {
            return null;
        }

        var asked = _asked[outputDirectory] = OwnThread.Run(() => list(outputDirectory, epoch));
        try
        {
            var found = await asked.WaitAsync(OwnThread.FolderTimeout, clock.Time);
            _asked.TryRemove(outputDirectory, out _);
            return found;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }
}
