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
/// Looks again and again at every run that has not ended: once a second for silence and free slots, every ten seconds, and when called,
/// for what a crash left half done and for reports. Nothing depends on a timer that has survived. Of several coordinators on one database all tick, which
/// does no harm, and one reconciles: two would write the same report at once. When that one dies, another takes over within seconds. A folder that does not
/// answer keeps only its own run or experiment waiting.
/// </summary>
internal sealed class Reconciler(
    IGrainFactory grains,
    RunStore store,
    ExperimentStore experiments,
    StateHome home,
    IRunReporter reporter,
    IExperimentReporter experimentReporter,
    ModelPublisher models,
    ReconcileRequests requests,
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
    // As long as for a report on a full disk.
    private static readonly TimeSpan PublicationPatience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReconcileInterval = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly ConcurrentDictionary<string, int> _reportAttempts = [];
    // Since when a model cannot be put in its place.
    private readonly ConcurrentDictionary<string, TimeSpan> _unpublished = [];
    // What works on a folder now.
    private readonly ConcurrentDictionary<string, Task> _atWork = [];
    private readonly ConcurrentDictionary<string, bool> _failing = [];
    private readonly string _self = Guid.NewGuid().ToString("N");

    /// <summary>Takes the silent for lost and schedules.</summary>
    public Task TickAsync() => grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Tick();

    /// <summary>One round over all runs that have not ended.</summary>
    public async Task ReconcileAsync(CancellationToken ct)
    {
        await _oneAtATime.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            // Those that ended halfway here are known to nobody else.
            await SettleAsync(BeginEnded(), ct).ConfigureAwait(false);
            var isAskedFor = requests.TakeWake();
            if (!await home.State.LeadAsync(_self).ConfigureAwait(false))
            {
                if (isAskedFor)
                {
                    await home.State.TellAsync(Notices.Reconcile).ConfigureAwait(false);
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

    /// <summary>A program that ends with its run stops right after it: what is asked for by then is still written.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await home.State.ResignAsync(_self).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    // One thread for each folder: whatever works on it still is not begun again.
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

    // Who does not answer in time goes on alone: it is not waited for again.
    private async Task SettleAsync(IEnumerable<Task> begun, CancellationToken ct)
    {
        try
        {
            await Task.WhenAll(begun).WaitAsync(OwnThread.Patience, clock.Time, ct).ConfigureAwait(false);
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

    // A run that has trained: its model takes its place, and its report is written.
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
            if (waited < PublicationPatience)
            {
                await grain.Delayed($"the model cannot be put in its place yet: {e.Message}").ConfigureAwait(false);
                return false;
            }

            // It goes on from its last checkpoint when that can be read, and exports anew.
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
            var most = e is IOException { HResult: NoSpace or OverQuota } ? MostReportAttemptsOnFullDisk : MostReportAttempts;
            log.LogWarning(e, "Writing the report of {What} {Id} failed, attempt {Attempt} of {Most}", what, id, attempts, most);
            if (attempts >= most)
            {
                // The model is there and good: the run has not failed for want of a page about it.
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
