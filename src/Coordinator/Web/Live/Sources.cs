using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Api;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Experiments;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Web.Live;

/// <summary>What pages look at, read from the same stores and grains as REST does.</summary>
internal sealed class Sources(RunStore runs, MetricStore metrics, ExperimentStore experiments, ExperimentReporter reporter, IGrainFactory grains, Clock clock)
{
    /// <summary>Runs and experiments of one page of a list.</summary>
    public const int PageSize = 50;

    private const int MaxRows = 2000;
    private const int MaxEvents = 300;
    private const int EventPage = 500;
    private const int RowsOfLatest = 50;

    // Evaluations come seldom and carry samples: they are read every so many readings, and at the end.
    private const int EvaluationsEvery = 3;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ListInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(20);

    /// <summary>One run.</summary>
    public Source<RunPicture> Run(string id) => new($"run {id}", Second, last => ReadRunAsync(id, last), picture => picture.Status.Phase.IsTerminal());

    /// <summary>Several runs at once.</summary>
    public Source<ComparePicture> Compare(IReadOnlyList<string> ids) =>
        new($"compare {string.Join(',', ids)}", ListInterval, last => ReadComparisonAsync(ids, last), picture => picture.Runs.All(run => run.Status.Phase.IsTerminal()));

    /// <summary>A page of runs, those after <paramref name="before"/>.</summary>
    public Source<RunsPicture> Runs(RunFilter filter, long? before) =>
        new($"runs {filter} {before}", ListInterval, last => ReadRunsAsync(filter, before, last), _ => false);

    /// <summary>A page of experiments, those after <paramref name="before"/>.</summary>
    public Source<ExperimentsPicture> Experiments(long? before) => new($"experiments {before}", ListInterval, _ => ReadExperimentsAsync(before), _ => false);

    /// <summary>One experiment.</summary>
    public Source<ExperimentPicture> Experiment(string id) =>
        new($"experiment {id}", ListInterval, last => ReadExperimentAsync(id, last), picture => picture.Status.Phase.IsTerminal());

    /// <summary>Who waits, who runs, and where.</summary>
    public Source<QueuePicture> Queue() => new("queue", Second, _ => ReadQueueAsync(), _ => false);

    private async Task<RunPicture?> ReadRunAsync(string id, RunPicture? last)
    {
        var row = last is null ? await RunsApi.FindAsync(id, runs).ConfigureAwait(false) : null;
        if (last is null && row is null)
        {
            return null;
        }

        // The state first: what it counts is then surely among the rows that follow.
        var status = await grains.GetGrain<IRunGrain>(id).GetStatus().ConfigureAwait(false);
        if (status is null)
        {
            return null;
        }

        var readings = (last?.Readings ?? -1) + 1;
        var (steps, isSelection) = await ReadStepsAsync(id, last).ConfigureAwait(false);
        var evaluations = last is null || status.Phase.IsTerminal() || readings % EvaluationsEvery == 0 ? await metrics.EvaluationsAsync(id).ConfigureAwait(false) : last.Evaluations;
        var (events, lastEvent) = await ReadEventsAsync(id, last?.Events ?? [], last?.LastEvent ?? 0).ConfigureAwait(false);
        return last is null
            ? new RunPicture(status, SpecJson.Read(row!.Spec), row.Plan, steps, isSelection, evaluations, events, lastEvent, readings)
            : last with { Status = status, Steps = steps, IsSelection = isSelection, Evaluations = evaluations, Events = events, LastEvent = lastEvent, Readings = readings };
    }

    // What has ended is read once.
    private async Task<ComparePicture?> ReadComparisonAsync(IReadOnlyList<string> ids, ComparePicture? last)
    {
        var known = last?.Runs.ToDictionary(run => run.Status.Id) ?? [];
        var found = new List<RunPicture>();
        foreach (var id in ids.Except(last?.Unknown ?? []))
        {
            var before = known.GetValueOrDefault(id);
            if ((before?.Status.Phase.IsTerminal() == true ? before : await ReadRunAsync(id, before).ConfigureAwait(false)) is { } run)
            {
                found.Add(run);
            }
        }

        return new ComparePicture(found, [.. ids.Except(found.Select(run => run.Status.Id))]);
    }

    // Only what is new, until there is too much of it: then an even selection of all.
    private async Task<(IReadOnlyList<StepRow> Steps, bool IsSelection)> ReadStepsAsync(string id, RunPicture? last)
    {
        var known = last?.Steps ?? [];
        var news = await metrics.StepsAsync(id, known.Count > 0 ? known[^1].Step + 1 : 0, int.MaxValue, MaxRows).ConfigureAwait(false);
        if (known.Count + news.Count > 2 * MaxRows)
        {
            known = [];
            news = await metrics.StepsAsync(id, 0, int.MaxValue, MaxRows).ConfigureAwait(false);
        }

        IReadOnlyList<StepRow> all = news.Count == 0 ? known : [.. known, .. news];
        return (all, all.Count > 0 && all[^1].Step - all[0].Step + 1 > all.Count);
    }

    private async Task<(IReadOnlyList<Happening> Events, long Last)> ReadEventsAsync(string id, IReadOnlyList<Happening> known, long after)
    {
        var all = known.ToList();
        while (true)
        {
            var page = await runs.EventsAsync(id, after, EventPage).ConfigureAwait(false);
            all.AddRange(page.Select(e => new Happening(e.Id, e.At, e.Kind, e.Message, e.Data)));
            after = page.Count > 0 ? page[^1].Id : after;
            if (page.Count < EventPage)
            {
                return (all.Count == known.Count ? known : [.. all.Skip(Math.Max(0, all.Count - MaxEvents))], after);
            }
        }
    }

    private async Task<RunsPicture?> ReadRunsAsync(RunFilter filter, long? before, RunsPicture? last)
    {
        var rows = await runs.ListAsync(filter, before, PageSize + 1).ConfigureAwait(false);
        var page = rows.Take(PageSize).ToList();
        var losses = new Dictionary<string, LatestLosses>();
        foreach (var (_, run) in page)
        {
            losses[run.Id] = last?.Losses.GetValueOrDefault(run.Id) is { } known && known.Step == run.Step
                ? known
                : await LatestAsync(run).ConfigureAwait(false);
        }

        return new RunsPicture([.. page.Select(row => row.Status)], losses, rows.Count > PageSize ? page[^1].Order : null);
    }

    private async Task<LatestLosses> LatestAsync(RunStatus run)
    {
        var rows = run.Step == 0 ? [] : await metrics.StepsAsync(run.Id, Math.Max(1, run.Step - RowsOfLatest + 1), int.MaxValue, RowsOfLatest).ConfigureAwait(false);
        var totals = TaskTotals.Of(rows);
        var all = TaskTotals.Sum(totals.Values);
        return new LatestLosses(
            run.Step,
            all.TargetTokens > 0 ? all.LossSum / all.TargetTokens : null,
            totals.Where(task => task.Value.TargetTokens > 0).ToDictionary(task => task.Key, task => task.Value.LossSum / task.Value.TargetTokens));
    }

    private async Task<ExperimentsPicture?> ReadExperimentsAsync(long? before)
    {
        var rows = await experiments.ListAsync(new ExperimentFilter(), before, PageSize + 1).ConfigureAwait(false);
        var page = rows.Take(PageSize).ToList();
        return new ExperimentsPicture([.. page.Select(row => row.Status)], rows.Count > PageSize ? page[^1].Order : null);
    }

    private async Task<ExperimentPicture?> ReadExperimentAsync(string id, ExperimentPicture? last)
    {
        if (last is null && await ExperimentsApi.FindAsync(id, experiments).ConfigureAwait(false) is null)
        {
            return null;
        }

        if (await grains.GetGrain<IExperimentGrain>(id).GetStatus().ConfigureAwait(false) is not { } status)
        {
            return null;
        }

        var members = await runs.OfExperimentAsync(id).ConfigureAwait(false);
        var (events, _) = await ReadEventsAsync(id, last?.Events ?? [], last is { Events: [.., var newest] } ? newest.Id : 0).ConfigureAwait(false);

        // It reads every step of every run: when something has ended, and now and then.
        var ended = members.Count(run => run.Phase.IsTerminal());
        if (last is not null && status.Phase == last.Status.Phase && ended == last.Runs.Count(run => run.Phase.IsTerminal()) && clock.Now - last.ReportedAt is var age && age >= TimeSpan.Zero && age < ReportInterval)
        {
            return last with { Status = status, Runs = members, Events = events };
        }

        return await reporter.InputAsync(id).ConfigureAwait(false) is { } input
            ? new ExperimentPicture(status, ExperimentReport.From(input), clock.Now, members, events)
            : null;
    }

    private async Task<QueuePicture?> ReadQueueAsync()
    {
        var open = await runs.OpenRunsAsync().ConfigureAwait(false);
        var agents = await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Agents().ConfigureAwait(false);
        var byId = open.ToDictionary(run => run.Status.Id, run => run.Status);
        var now = clock.Now;
        return new QueuePicture(
            [.. SchedulerRule.InOrder(open.Select(RunDemand.Of), now).Select(run => new WaitingRun(byId[run.Id], SchedulerRule.EffectivePriority(run, now) - run.Priority))],
            [.. open.Where(run => run.Status.Members.Count > 0).Select(run => run.Status)],
            [.. open.Where(run => run.Status.Phase == RunPhase.Paused).Select(run => run.Status)],
            agents,
            now);
    }
}
