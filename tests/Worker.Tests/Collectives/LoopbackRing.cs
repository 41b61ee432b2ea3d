using System.Net;
using Temper.Worker.Collectives;

namespace Temper.Worker.Tests.Collectives;

/// <summary>Ranks as threads of this process, over real connections. Whatever hangs fails by name instead.</summary>
internal sealed class LoopbackRing : IDisposable
{
    public static readonly byte[] Secret = [1, 2, 3, 4, 5, 6, 7, 8];
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(30);
    public const string Session = "run-7/epoch-3";

    public LoopbackRing(int worldSize, TimeSpan? callDeadline = null)
    {
        var listeners = Listeners(worldSize);
        var addresses = listeners.Select(listener => listener.Address).ToArray();
        Ranks = InParallel(worldSize, rank =>
            RingCollective.Connect(listeners[rank], rank, addresses, Secret, Session, Generous, CancellationToken.None));
        Array.ForEach(Ranks, rank => rank.CallDeadline = callDeadline ?? Generous);
    }

    public RingCollective[] Ranks { get; }

    public static RingListener[] Listeners(int worldSize) =>
        [.. Enumerable.Range(0, worldSize).Select(_ => RingListener.Open(IPAddress.Loopback))];

    /// <summary>Runs on every rank at once; the results in the order of ranks. Rethrows the first failure.</summary>
    public T[] OnAll<T>(Func<RingCollective, T> act) => InParallel(Ranks.Length, rank => act(Ranks[rank]));

    /// <summary>Runs on every rank at once; what each of them threw, or null.</summary>
    public CollectiveException?[] FailuresOf(Action<RingCollective> act) => OnAll(ring =>
    {
        try
        {
            act(ring);
            return null;
        }
        catch (CollectiveException exception)
        {
            return exception;
        }
    });

    /// <summary>One thread per rank, since a rank blocks its thread: the pool would be starved by what is tested here.</summary>
    public static T[] InParallel<T>(int count, Func<int, T> act)
    {
        var tasks = Enumerable.Range(0, count)
            .Select(rank => Task.Factory.StartNew(() => act(rank), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToArray();
        Assert.True(WaitAll(tasks), $"ranks {string.Join(", ", tasks.Index().Where(t => !t.Item.IsCompleted).Select(t => t.Index))} of {count} hang");
        return [.. tasks.Select(task => task.GetAwaiter().GetResult())];
    }

    public void Dispose()
    {
        foreach (var rank in Ranks)
        {
            rank.Dispose();
        }
    }

    private static bool WaitAll(Task[] tasks)
    {
        try
        {
            return Task.WaitAll(tasks, TimeSpan.FromSeconds(60));
        }
        catch (AggregateException)
        {
            // Rethrown one by one by the caller, without the wrapping.
            return true;
        }
    }
}
