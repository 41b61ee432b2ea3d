using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Temper.Contracts.Runs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;
using Temper.Coordinator.Threads;

namespace Temper.Coordinator.Reconciliation;

/// <summary>
/// Looks at every run that has not ended: once a second for silent agents and free slots; every ten seconds, and on request, for what a crash interrupted and for
/// reports that are due. Nothing depends on timers that survive a crash. Of several coordinators on one database all tick, which is harmless, and one
/// reconciles, since two would write the same report at once. If that one dies another takes over within seconds. A hanging folder delays only its own run
/// or experiment.
/// </summary>
internal sealed class Reconciler(
    IGrainFactory grains,
    RunStore store,
    ExperimentStore experiments,
    StateBackend backend,
    IRunReporter reporter,
    IExperimentReporter experimentReporter,
    ModelPublisher models,
    ReconcileRequests requests,
    CoordinatorOptions options,
    Clock clock,
    ILogger<Reconciler> log) : BackgroundService
{
    private const int MaxReportAttempts = 3;
    // Ten minutes: time for somebody to notice a full disk and free space.
    private const int MaxReportAttemptsOnFullDisk = 60;
    // errno of Linux, which .NET keeps as the HResult of an IOException that has no better name.
    private const int NoSpace = 28;
    private const int OverQuota = 122;
    // As long as for a report on a full disk.
    private static readonly TimeSpan PublicationTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReconcileInterval = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly ConcurrentDictionary<string, int> _reportAttempts = [];
    // Run -> since when its model cannot be published.
    private readonly ConcurrentDictionary<string, TimeSpan> _unpublished = [];
    // Work on folders that has not ended.
    private readonly ConcurrentDictionary<string, Task> _atWork = [];
    private readonly ConcurrentDictionary<string, bool> _failing = [];
    private readonly string _self = Guid.NewGuid().ToString("N");

    /// <summary>Marks silent agents as lost, then schedules.</summary>
    public Task TickAsync() => grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Tick();

    /// <summary>One round over all runs that have not ended.</summary>
    public async Task ReconcileAsync(CancellationToken ct)
    {
        await _oneAtATime.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            // Reports of runs that ended early are requested in this process only.
            await SettleAsync(BeginEnded(), ct).ConfigureAwait(false);
            var isAskedFor = requests.TakeWake();
            if (!await backend.State.LeadAsync(_self).ConfigureAwait(false))
            {
                if (isAskedFor)
                {
                    await backend.State.TellAsync(Notices.Reconcile).ConfigureAwait(false);
                }

                return;
            }

            var begun = new List<(RunStatus Run, Task Work)>();
            foreach (var run in (await store.OpenRunsAsync().ConfigureAwait(false)).Select(open => open.Status))
            {
                // One run that cannot be read must not keep the others from going on.
                await TryAsync(
                    async () =>
                    {
                        if (await grains.GetGrain<IRunGrain>(run.Id).Reconcile().ConfigureAwait(false))
                        {
                            begun.Add((run, Begin($"run {run.Id}", () => TryAsync(() => FinishAsync(run, ct), $"finishing run {run.Id}", ct))));
                        }
                    },
                    $"reconciling run {run.Id}",
                    ct).ConfigureAwait(false);
            }

            await SettleAsync(begun.Select(each => each.Work), ct).ConfigureAwait(false);
            foreach (var (run, _) in begun.Where(each => !each.Work.IsCompleted))
            {
                await TryAsync(
                    () => grains.GetGrain<IRunGrain>(run.Id).Delayed($"waits for its output folder {run.OutputDirectory}, which does not answer."),
                    $"telling that the output folder of run {run.Id} does not answer",
                    ct).ConfigureAwait(false);
            }

            await SettleAsync(BeginEnded(), ct).ConfigureAwait(false);
            var reports = new List<Task>();
            foreach (var id in await experiments.OpenAsync().ConfigureAwait(false))
            {
                await TryAsync(
                    async () =>
                    {
                        var grain = grains.GetGrain<IExperimentGrain>(id);
                        if (await grain.Reconcile().ConfigureAwait(false))
                        {
                            reports.Add(Begin($"experiment {id}", () => TryAsync(() => ReportAsync(id, "experiment", experimentReporter.WriteAsync, grain.Reported, ct), $"reporting experiment {id}", ct)));
                        }
                    },
                    $"reconciling experiment {id}",
                    ct).ConfigureAwait(false);
            }

            await SettleAsync(reports, ct).ConfigureAwait(false);
            await TickAsync().ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Under <c>temper run</c> the program stops right after its run: reports requested by then are still written.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await backend.State.ResignAsync(_self).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        BeginEnded();
        await Task.WhenAll(_atWork.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        _oneAtATime.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.RunsLoops)
        {
            backend.State.NoticeReceived += OnNotice;
            await Task.WhenAll(backend.ListenAsync(stoppingToken), TickLoopAsync(stoppingToken), LeadLoopAsync(stoppingToken), ReconcileLoopAsync(stoppingToken)).ConfigureAwait(false);
            backend.State.NoticeReceived -= OnNotice;
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

    // A round may take longer than the lease lasts.
    private async Task LeadLoopAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TickInterval, clock.Time);
        while (await WaitAsync(timer, ct).ConfigureAwait(false))
        {
            await TryAsync(() => backend.State.LeadAsync(_self), "holding the lead over the other coordinators", ct).ConfigureAwait(false);
        }
    }

    private void OnNotice(string notice)
    {
        if (notice == Notices.Reconcile)
        {
            requests.WakeThisOne();
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
                await Task.WhenAny(pause, requests.WaitAsync(both.Token)).ConfigureAwait(false);
                await both.CancelAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    // One thread for each folder. Work that is still running is not started again.
    private Task Begin(string what, Func<Task> work)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _atWork.TryAdd(what, ended.Task) ? RunAsync() : Task.CompletedTask;

        async Task RunAsync()
        {
            try
            {
                await OwnThread.Run(work).ConfigureAwait(false);
            }
            finally
            {
                _atWork.TryRemove(what, out _);
                ended.SetResult();
            }
        }
    }

    // Work that does not end in time continues in the background and is not waited for again.
    private async Task SettleAsync(IEnumerable<Task> begun, CancellationToken ct)
    {
        try
        {
            await Task.WhenAll(begun).WaitAsync(OwnThread.FolderTimeout, clock.Time, ct).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            log.LogWarning(e, "A folder that a report or a model is written to does not answer; the others go on without it");
        }
    }

    private List<Task> BeginEnded()
    {
        var begun = new List<Task>();
        while (requests.TryTakeReport(out var runId))
        {
            begun.Add(Begin(
                $"run {runId}",
                () => TryAsync(() => reporter.WriteAsync(runId, CancellationToken.None), $"writing the report of run {runId}, which did not succeed", CancellationToken.None, "")));
        }

        return begun;
    }

    // The run is trained: publish its model, then write its report.
    private async Task FinishAsync(RunStatus run, CancellationToken ct)
    {
        var grain = grains.GetGrain<IRunGrain>(run.Id);
        if (await grain.Draft().ConfigureAwait(false) is not { } draft || await PublishAsync(grain, run, draft).ConfigureAwait(false))
        {
            await ReportAsync(run.Id, "run", reporter.WriteAsync, grain.Reported, ct).ConfigureAwait(false);
        }
    }

    private async Task<bool> PublishAsync(IRunGrain grain, RunStatus run, string draft)
    {
        try
        {
            await OwnThread.Run(() => models.Publish(run.OutputDirectory, draft)).ConfigureAwait(false);
            _unpublished.TryRemove(run.Id, out _);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var waited = clock.Elapsed - _unpublished.GetOrAdd(run.Id, clock.Elapsed);
            log.LogWarning(e, "The model of run {Run} cannot be put in its place, for {Seconds:0} s", run.Id, waited.TotalSeconds);
            if (waited < PublicationTimeout)
            {
                await grain.Delayed($"the model cannot be put in its place yet: {e.Message}").ConfigureAwait(false);
                return false;
            }

            // The run continues from its last checkpoint once that can be read, and exports again.
            await grain.Unpublished(draft, e.Message).ConfigureAwait(false);
            _unpublished.TryRemove(run.Id, out _);
            return false;
        }
    }

    private async Task ReportAsync(string id, string what, Func<string, CancellationToken, Task> write, Func<string?, Task> reported, CancellationToken ct)
    {
        try
        {
            await write(id, ct).ConfigureAwait(false);
            await reported(null).ConfigureAwait(false);
            _reportAttempts.TryRemove(id, out _);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            var attempts = _reportAttempts.AddOrUpdate(id, 1, (_, earlier) => earlier + 1);
            var most = e is IOException { HResult: NoSpace or OverQuota } ? MaxReportAttemptsOnFullDisk : MaxReportAttempts;
            log.LogWarning(e, "Writing the report of {What} {Id} failed, attempt {Attempt} of {Most}", what, id, attempts, most);
            if (attempts >= most)
            {
                // The model is complete: a missing report does not make the run fail.
                await reported(e.Message).ConfigureAwait(false);
                _reportAttempts.TryRemove(id, out _);
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
