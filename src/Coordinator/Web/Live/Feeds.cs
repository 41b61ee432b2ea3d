using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Temper.Coordinator.Web.Live;

/// <summary>
/// Reads for everybody who looks at the same thing at once: once an interval, however many they are, and no more when the last one has gone.
/// Nothing is kept that could not be read again: a page that is opened anew, here or at another replica, sees the same.
/// </summary>
internal sealed class Feeds(ILogger<Feeds> log)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IFeed> _open = [];

    /// <summary>Number of things that are read now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Looks at something until the watch is disposed of.</summary>
    /// <param name="source">What to look at.</param>
    /// <param name="changed">Called, from anywhere, when it was read again.</param>
    public async Task<Watch<T>> WatchAsync<T>(Source<T> source, Action changed)
        where T : class
    {
        Feed<T> feed;
        lock (_lock)
        {
            if (_open.GetValueOrDefault(source.Key) is Feed<T> known)
            {
                feed = known;
            }
            else
            {
                _open[source.Key] = feed = new Feed<T>(source, log);
            }

            feed.Watchers = feed.Watchers.Add(changed);
        }

        var watch = new Watch<T>(feed, () => Leave(source.Key, feed, changed));
        await feed.First.ConfigureAwait(true);
        return watch;
    }

    private void Leave<T>(string key, Feed<T> feed, Action changed)
        where T : class
    {
        lock (_lock)
        {
            feed.Watchers = feed.Watchers.Remove(changed);
            if (feed.Watchers.IsEmpty)
            {
                _open.Remove(key);
                feed.Dispose();
            }
        }
    }

    internal interface IFeed;

    internal sealed class Feed<T> : IFeed, IDisposable
        where T : class
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Feed(Source<T> source, ILogger log) => _ = Task.Run(() => RunAsync(source, log, _stop.Token));

        /// <summary>Those to call; replaced under the lock of all feeds.</summary>
        public ImmutableList<Action> Watchers { get; set; } = [];

        /// <summary>Ends with the first reading, good or bad.</summary>
        public Task First => _first.Task;

        public volatile Reading<T> Last = new(null, null);

        public void Dispose()
        {
            _stop.Cancel();
            _stop.Dispose();
        }

        private async Task RunAsync(Source<T> source, ILogger log, CancellationToken ct)
        {
            while (!ct.IsCancellationRequested)
            {
                Last = await ReadAsync(source, log).ConfigureAwait(false);
                _first.TrySetResult();
                foreach (var changed in Watchers)
                {
                    changed();
                }

                if (Last is { Trouble: null, Value: var value } && (value is null || source.IsFinal(value)))
                {
                    return;
                }

                await Task.Delay(source.Every, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        private async Task<Reading<T>> ReadAsync(Source<T> source, ILogger log)
        {
            try
            {
                return new Reading<T>(await source.Read(Last.Value).ConfigureAwait(false), null);
            }
            catch (Exception e)
            {
                if (Last.Trouble is null)
                {
                    log.LogWarning(e, "Reading {What} for the page failed; it is tried again", source.Key);
                }

                return Last with { Trouble = "The coordinator cannot read what it has stored; its log says why. What is here may be old. It tries again." };
            }
        }
    }
}

/// <summary>What was read last.</summary>
/// <param name="Value">It; null if there is no such thing, or it was never read.</param>
/// <param name="Trouble">Why it may be old; null if it was just read.</param>
internal sealed record Reading<T>(T? Value, string? Trouble)
    where T : class;

/// <summary>A look at something, until it is disposed of.</summary>
internal sealed class Watch<T>(Feeds.Feed<T> feed, Action leave) : IDisposable
    where T : class
{
    private Action? _leave = leave;

    public Reading<T> Last => feed.Last;

    public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
}
