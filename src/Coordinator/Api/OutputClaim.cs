using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Temper.Coordinator.Http;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Store;
using Temper.Planning.Models;

namespace Temper.Coordinator.Api;

/// <summary>Whether a folder that was named may become an output folder, as far as the disk tells it.</summary>
internal static class OutputClaim
{
    private static readonly string[] s_left = [OptimizerFiles.CheckpointsDirectory, "model", "runs", ReportFiles.Json, ReportFiles.Losses];

    /// <summary>Why not; nothing if it may.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="root">The output root.</param>
    /// <param name="holders">Whose folders it is, lies in or holds.</param>
    public static (InsertResult? Taken, IResult? Problem) Refusal(string folder, string root, IReadOnlyList<OutputHolder> holders)
    {
        // Whose it is says more than that it is full.
        if (OutputFolders.Taken(holders, folder) is { } taken)
        {
            return (taken, null);
        }

        if (HoldsResults(folder))
        {
            return (null, NotEmpty($"The folder {folder} holds what an earlier run or experiment left: a new one would go on from its checkpoints or overwrite its results. Name a new output folder, or move that one away."));
        }

        if (holders.FirstOrDefault(holder => holder.Folder != folder && HoldsResults(holder.Folder)) is { } ended)
        {
            return (null, NotEmpty($"The folder {folder} {(IsIn(folder, ended.Folder) ? "lies in" : "holds")} {ended.Folder}, where the results of '{ended.Id}' are. Name a folder beside it, or move that one away."));
        }

        return WrittenFolder.Above(folder) is { } above && IsIn(above, root)
            ? (null, NotEmpty($"The folder {folder} lies in {above}, where a run or an experiment of another coordinator writes. Name a folder beside it."))
            : (null, null);
    }

    /// <summary>
    /// Whether a run or an experiment has written to <paramref name="folder"/>. Other things may lie there: <c>temper run</c> keeps the state of its
    /// coordinator in the output folder of its run.
    /// </summary>
    public static bool HoldsResults(string folder) => s_left.Any(name => Path.Exists(Path.Combine(folder, name)));

    private static bool IsIn(string inner, string outer) => inner.StartsWith(Path.TrimEndingDirectorySeparator(outer) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static ProblemHttpResult NotEmpty(string why) => Problems.Of(StatusCodes.Status409Conflict, "output_not_empty", why);
}
