using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Hosting;

/// <summary>
/// Looks again and again at every run that has not ended: once a second for silence and free slots, every ten seconds, and when called,
/// for what a crash left half done and for reports. Nothing depends on a timer that has survived. Of several coordinators on one database all tick, which
/// does no harm, and one reconciles: two would write the same report at once. When that one dies, another takes over within seconds.
/// </summary>
internal sealed class Reconciler(
    IGrainFactory grains,
    RunStore store,
    ExperimentStore experiments,
    StateHome home,
    IRunReporter reporter,
    IExperimentReporter experimentReporter,
    CoordinatorOptions options,
    Clock clock,
    ILogger<Reconciler> log) : BackgroundService
{
    private const int MostReportAttempts = 3;
    // Ten minutes: a disk is emptied when somebody has seen that it is full.
    private const int MostReportAttemptsOnFullDisk = 60;
    // errno of Linux, which .NET keeps as the HResult of an IOException that has no better name.
    private const int NoSpace = 28;
    private const int OverQuota = 122;
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReconcileInterval = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly Dictionary<string, int> _reportAttempts = [];
    private readonly ConcurrentQueue<string> _endedHalfway = [];
    private readonly ConcurrentDictionary<string, bool> _failing = [];
    private readonly string _self = Guid.NewGuid().ToString("N");
    private volatile bool _isAskedFor;

    /// <summary>Asks for a reconciliation soon, by whichever coordinator reconciles.</summary>
    public void Wake()
    {
        _isAskedFor = true;
        WakeSelf();
    }

    private void WakeSelf()
    {
        try
        {
            _wanted.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is asked for already.
        }
    }

    /// <summary>
    /// Asks for the report of a run that failed or was cancelled after it had made steps. It has ended whether or not that can be written, so
    /// this is tried once and forgotten in a crash.
    /// </summary>
    public void Report(string runId)
    {
        _endedHalfway.Enqueue(runId);
        Wake();
    }

    /// <summary>Takes the silent for lost and schedules.</summary>
    public Task TickAsync() => grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Tick();

    /// <summary>One round over all runs that have not ended.</summary>
    public async Task ReconcileAsync(CancellationToken ct)
    {
        await _oneAtATime.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            // Those that ended halfway here are known to nobody else.
            await ReportEndedAsync().ConfigureAwait(false);
            var isAskedFor = _isAskedFor;
            _isAskedFor = false;
            if (!await home.State.LeadAsync(_self).ConfigureAwait(false))
            {
                if (isAskedFor)
                {
                    await home.State.TellAsync(Notices.Reconcile).ConfigureAwait(false);
                }

                return;
            }

            foreach (var run in await store.OpenRunsAsync().ConfigureAwait(false))
            {
                // One run that cannot be read must not keep the others from going on.
                await TryAsync(() => ReconcileAsync(run.Status.Id, ct), $"reconciling run {run.Status.Id}", ct).ConfigureAwait(false);
            }

            await ReportEndedAsync().ConfigureAwait(false);
            foreach (var id in await experiments.OpenAsync().ConfigureAwait(false))
            {
                await TryAsync(() => ReconcileExperimentAsync(id, ct), $"reconciling experiment {id}", ct).ConfigureAwait(false);
            }

            await TickAsync().ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>A program that ends with its run stops right after it: what is asked for by then is still written.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await home.State.ResignAsync(_self).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ReportEndedAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        _oneAtATime.Dispose();
        _wanted.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.RunsLoops)
        {
            home.State.Told += Hear;
            await Task.WhenAll(home.ListenAsync(stoppingToken), TickLoopAsync(stoppingToken), LeadLoopAsync(stoppingToken), ReconcileLoopAsync(stoppingToken)).ConfigureAwait(false);
            home.State.Told -= Hear;
        }
    }

    private async Task TickLoopAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TickInterval, clock.Time);
        while (await WaitAsync(timer, ct).ConfigureAwait(false))
        {
            await TryAsync(TickAsync, "looking for silent agents", ct).ConfigureAwait(false);
        }
    }

    // A round may take longer than the lead is lent for.
    private async Task LeadLoopAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TickInterval, clock.Time);
        while (await WaitAsync(timer, ct).ConfigureAwait(false))
        {
            await TryAsync(() => home.State.LeadAsync(_self), "holding the lead over the other coordinators", ct).ConfigureAwait(false);
        }
    }

    private void Hear(string notice)
    {
        if (notice == Notices.Reconcile)
        {
            WakeSelf();
        }
    }

    private async Task ReconcileLoopAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await TryAsync(() => ReconcileAsync(ct), "reconciling runs", ct).ConfigureAwait(false);
            try
            {
                using var both = CancellationTokenSource.CreateLinkedTokenSource(ct);
                var pause = Task.Delay(ReconcileInterval, clock.Time, both.Token);
                await Task.WhenAny(pause, _wanted.WaitAsync(both.Token)).ConfigureAwait(false);
                await both.CancelAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ReconcileAsync(string runId, CancellationToken ct)
    {
        var grain = grains.GetGrain<IRunGrain>(runId);
        if (await grain.Reconcile().ConfigureAwait(false))
        {
            await ReportAsync(runId, "run", reporter.WriteAsync, grain.Reported, ct).ConfigureAwait(false);
        }
    }

    private async Task ReconcileExperimentAsync(string id, CancellationToken ct)
    {
        var grain = grains.GetGrain<IExperimentGrain>(id);
        if (await grain.Reconcile().ConfigureAwait(false))
        {
            await ReportAsync(id, "experiment", experimentReporter.WriteAsync, grain.Reported, ct).ConfigureAwait(false);
        }
    }

    private async Task ReportEndedAsync()
    {
        while (_endedHalfway.TryDequeue(out var runId))
        {
            await TryAsync(() => reporter.WriteAsync(runId, CancellationToken.None), $"writing the report of run {runId}, which did not succeed", CancellationToken.None, "").ConfigureAwait(false);
        }
    }

    private async Task ReportAsync(string id, string what, Func<string, CancellationToken, Task> write, Func<string?, Task> reported, CancellationToken ct)
    {
        try
        {
            await write(id, ct).ConfigureAwait(false);
            await reported(null).ConfigureAwait(false);
            _reportAttempts.Remove(id);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            var attempts = _reportAttempts[id] = _reportAttempts.GetValueOrDefault(id) + 1;
            var most = e is IOException { HResult: NoSpace or OverQuota } ? MostReportAttemptsOnFullDisk : MostReportAttempts;
            log.LogWarning(e, "Writing the report of {What} {Id} failed, attempt {Attempt} of {Most}", what, id, attempts, most);
            if (attempts >= most)
            {
                // The model is there and good: the run has not failed for want of a page about it.
                await reported(e.Message).ConfigureAwait(false);
                _reportAttempts.Remove(id);
            }
        }
    }

    private async Task TryAsync(Func<Task> work, string what, CancellationToken ct, string next = "; it is tried again")
    {
        try
        {
            await work().ConfigureAwait(false);
            _failing.TryRemove(what, out _);
        }
        catch (Exception e)
        {
            // Once, not once a second.
            if (!ct.IsCancellationRequested && _failing.TryAdd(what, true))
            {
                log.LogWarning(e, "Failed {What}{Next}", what, next);
            }
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken ct)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
