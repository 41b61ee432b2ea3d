namespace Temper.Coordinator.Threads;

/// <summary>
/// Work on folders, each on a thread of its own: a share that hangs blocks the thread that uses it, for hours maybe, and the pool of threads has few.
/// </summary>
internal static class OwnThread
{
    /// <summary>How long a folder has to answer before others go on without it.</summary>
    public static readonly TimeSpan FolderTimeout = TimeSpan.FromSeconds(5);

    public static Task Run(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public static Task<T> Run<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The part before the first wait has the thread; whoever blocks later asks for another one.</summary>
    public static Task Run(Func<Task> work) => Run<Task>(work).Unwrap();
}
