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

        if (TakenOver(status, await store.HoldersAsync(status.OutputDirectory).ConfigureAwait(false)) is { } taken)
        {
            return taken;
        }

        // First the experiment: one that is open without cause ends by itself, one that has ended would not look at the run.
        return status.ExperimentId is { } experiment ? await grains.GetGrain<IExperimentGrain>(experiment).Reopen().ConfigureAwait(false) : null;
    }

    /// <summary>
    /// Who has taken over the output folder <paramref name="folder"/> of something that had failed, as a refusal; null if nobody has. The folder was given up with
    /// the failure: whoever was accepted since may write there, in it or around it, or has left results that would be overwritten, or gone on from.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="createdAt">When the one that had failed was accepted.</param>
    /// <param name="holders">Who was given the folder, one in it or one around it.</param>
    /// <param name="own">Who had failed, and the experiment that it belongs to.</param>
    public static string? TakenOver(string folder, DateTimeOffset createdAt, IReadOnlyList<OutputHolder> holders, params string?[] own)
    {
        var others = holders.Where(holder => !own.Contains(holder.Id)).ToList();
        if (others.Find(holder => !holder.HasEnded) is { } living)
        {
            return $"'{living.Id}' has taken the output folder over: it writes to {living.Folder}, and this one to {folder}. Cancel that one, or submit this one again with another output folder.";
        }

        return others.Find(holder => holder.CreatedAt > createdAt && OutputClaim.HoldsResults(holder.Folder)) is { } ended
            ? $"'{ended.Id}' has taken the output folder over: its results are in {ended.Folder}, and this one writes to {folder}. Submit this one again with another output folder."
            : null;
    }

    private static string? TakenOver(RunStatus failed, IReadOnlyList<OutputHolder> holders) =>
        TakenOver(failed.OutputDirectory, failed.CreatedAt, holders, failed.Id, failed.ExperimentId);

    /// <summary>Tries those again that failed because this one had, and those that failed because they had.</summary>
    public static async Task TakeAlongAsync(RunStatus retried, RunStore store, IGrainFactory grains)
    {
        var failed = await store.FailedChildrenAsync().ConfigureAwait(false);
        var again = new Queue<string>([retried.Id]);
        while (again.TryDequeue(out var parent))
        {
            foreach (var child in failed.Where(run => run.StartsFrom!.Contains(parent)))
            {
                // Who was retried by name is told why it cannot be; one that would go along stays failed, and is told when it is named.
                if (TakenOver(child, await store.HoldersAsync(child.OutputDirectory).ConfigureAwait(false)) is null
                    && (await grains.GetGrain<IRunGrain>(child.Id).Command(RunCommand.RetryWithParent).ConfigureAwait(false)).Refusal is null)
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
