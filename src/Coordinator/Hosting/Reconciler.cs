using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Hosting;

/// <summary>
/// Looks again and again at every run that has not ended: once a second for silence and free slots, every ten seconds, and when called,
/// for what a crash left half done and for reports. Nothing depends on a timer that has survived.
/// </summary>
internal sealed class Reconciler(
    IGrainFactory grains,
    RunStore store,
    IRunReporter reporter,
    CoordinatorOptions options,
    Clock clock,
    ILogger<Reconciler> log) : BackgroundService
{
    private const int MostReportAttempts = 3;
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReconcileInterval = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly Dictionary<string, int> _reportAttempts = [];

    /// <summary>Asks for a reconciliation soon.</summary>
    public void Wake()
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

    /// <summary>Takes the silent for lost and schedules.</summary>
    public Task TickAsync() => grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Tick();

    /// <summary>One round over all runs that have not ended.</summary>
    public async Task ReconcileAsync(CancellationToken ct)
    {
        await _oneAtATime.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            foreach (var run in await store.OpenRunsAsync().ConfigureAwait(false))
            {
                var grain = grains.GetGrain<IRunGrain>(run.Status.Id);
                if (await grain.Reconcile().ConfigureAwait(false))
                {
                    await ReportAsync(run.Status.Id, grain, ct).ConfigureAwait(false);
                }
            }

            await TickAsync().ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
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
            await Task.WhenAll(TickLoopAsync(stoppingToken), ReconcileLoopAsync(stoppingToken)).ConfigureAwait(false);
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

    private async Task ReportAsync(string runId, IRunGrain grain, CancellationToken ct)
    {
        try
        {
            await reporter.WriteAsync(runId, ct).ConfigureAwait(false);
            await grain.Reported(null).ConfigureAwait(false);
            _reportAttempts.Remove(runId);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            var attempts = _reportAttempts[runId] = _reportAttempts.GetValueOrDefault(runId) + 1;
            log.LogWarning(e, "Writing the report of run {Run} failed, attempt {Attempt} of {Most}", runId, attempts, MostReportAttempts);
            if (attempts >= MostReportAttempts)
            {
                // The model is there and good: the run has not failed for want of a page about it.
                await grain.Reported(e.Message).ConfigureAwait(false);
                _reportAttempts.Remove(runId);
            }
        }
    }

    private async Task TryAsync(Func<Task> work, string what, CancellationToken ct)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (!ct.IsCancellationRequested)
            {
                log.LogWarning(e, "Failed {What}; it is tried again", what);
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
