using Temper.Contracts.Runs;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>
/// What else follows when a failed run is tried again: its experiment is open again, and the runs that failed for want of its model wait for it
/// again. A retry that a crash cut short is made whole by the next one, since each part may be repeated.
/// </summary>
internal static class Retrying
{
    /// <summary>Why the run cannot be tried again for the sake of others; null if nothing is in its way. Opens its experiment.</summary>
    public static async Task<string?> RefusalAsync(string id, RunStore store, IGrainFactory grains)
    {
        if (await store.StatusAsync(id).ConfigureAwait(false) is not { Phase: RunPhase.Failed } status)
        {
            return null;
        }

        foreach (var parent in status.StartsFrom ?? [])
        {
            if (await store.StatusAsync(parent).ConfigureAwait(false) is { Phase: RunPhase.Failed or RunPhase.Cancelled } lost)
            {
                return lost.Phase == RunPhase.Failed
                    ? $"Run {parent}, whose model it starts from, has failed: retry that one, and this one goes along."
                    : $"Run {parent}, whose model it starts from, was cancelled. Submit both again.";
            }
        }

        if ((await store.OpenRunsAsync().ConfigureAwait(false)).FirstOrDefault(run => run.Status.Id != id && run.Status.OutputDirectory == status.OutputDirectory) is { } other)
        {
            return $"Run {other.Status.Id} writes to {status.OutputDirectory} meanwhile. Cancel that one, or submit this one again with another output folder.";
        }

        // First the experiment: one that is open without cause ends by itself, one that has ended would not look at the run.
        return status.ExperimentId is { } experiment ? await grains.GetGrain<IExperimentGrain>(experiment).Reopen().ConfigureAwait(false) : null;
    }

    /// <summary>Tries those again that failed because this one had, and those that failed because they had.</summary>
    public static async Task TakeAlongAsync(RunStatus retried, RunStore store, IGrainFactory grains)
    {
        var failed = await store.FailedChildrenAsync().ConfigureAwait(false);
        var again = new Queue<string>([retried.Id]);
        while (again.TryDequeue(out var parent))
        {
            foreach (var child in failed.Where(run => run.StartsFrom!.Contains(parent)))
            {
                if ((await grains.GetGrain<IRunGrain>(child.Id).Command(RunCommand.RetryWithParent).ConfigureAwait(false)).Refusal is null)
                {
                    if (child.ExperimentId is { } experiment && experiment != retried.ExperimentId)
                    {
                        await grains.GetGrain<IExperimentGrain>(experiment).Reopen().ConfigureAwait(false);
                    }

                    again.Enqueue(child.Id);
                }
            }
        }
    }
}
