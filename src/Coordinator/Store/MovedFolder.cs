using System.Data.Common;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;

namespace Temper.Coordinator.Store;

/// <summary>
/// The state of a single run or experiment lies in its output folder and names it. Whoever copies or moves the folder takes the state along: what goes on
/// in the new place reads and writes there alone, whether or not the old one still exists. Places outside the folder stay as they are.
/// </summary>
internal static class MovedFolder
{
    /// <summary>Makes the state name the folder that it lies in, and notes the move among the events. Doing it again changes nothing.</summary>
    /// <param name="connection">The database, within a transaction.</param>
    /// <param name="folder">The output folder, without links.</param>
    /// <param name="now">The time of the event.</param>
    /// <returns>The folder that the state named; null if it was this one, or if nothing was accepted yet.</returns>
    public static async Task<string?> FollowAsync(DbConnection connection, string folder, DateTimeOffset now)
    {
        var owners = await connection.QueryAsync(
            "SELECT id, output_directory FROM experiments UNION ALL SELECT id, output_directory FROM runs WHERE experiment IS NULL",
            reader => (Id: reader.GetString(0), Folder: reader.GetString(1))).ConfigureAwait(false);
        if (owners is not [var (owner, old)] || old == folder)
        {
            return null;
        }

        await MoveRunsAsync(connection, path => Moved(path, old, folder)).ConfigureAwait(false);
        foreach (var (id, status) in await connection.QueryAsync("SELECT id, status FROM experiments", reader => (reader.GetString(0), ProtocolJson.Read<ExperimentStatus>(reader.GetString(1)))).ConfigureAwait(false))
        {
            await connection.ExecuteAsync(
                "UPDATE experiments SET output_directory = @output, status = @status WHERE id = @id",
                ("@id", id), ("@output", folder), ("@status", ProtocolJson.Write(status with { OutputDirectory = folder }))).ConfigureAwait(false);
        }

        await RunStore.InsertEventsAsync(connection, owner, [new RunEventRow($"moved.{now:O}", now, "moved", $"Its output folder was {old} and is {folder} now.")]).ConfigureAwait(false);
        return old;
    }

    private static async Task MoveRunsAsync(DbConnection connection, Func<string, string> moved)
    {
        var runs = await connection.QueryAsync(
            "SELECT id, output_directory, data_roots, origins, status FROM runs",
            reader => (
                Id: reader.GetString(0),
                Output: reader.GetString(1),
                Roots: ProtocolJson.Read<string[]>(reader.GetString(2)),
                Origins: ProtocolJson.Read<ModelOrigin[]>(reader.GetString(3)),
                Status: ProtocolJson.Read<RunStatus>(reader.GetString(4)))).ConfigureAwait(false);
        foreach (var run in runs)
        {
            await connection.ExecuteAsync(
                "UPDATE runs SET output_directory = @output, data_roots = @roots, origins = @origins, status = @status WHERE id = @id",
                ("@id", run.Id),
                ("@output", moved(run.Output)),
                ("@roots", ProtocolJson.Write(run.Roots.Select(moved).ToArray())),
                ("@origins", ProtocolJson.Write(run.Origins.Select(origin => origin with { Folder = moved(origin.Folder) }).ToArray())),
                ("@status", ProtocolJson.Write(run.Status with { OutputDirectory = moved(run.Status.OutputDirectory) }))).ConfigureAwait(false);
        }
    }

    private static string Moved(string path, string old, string folder) =>
        path == old || path.StartsWith(old + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? folder + path[old.Length..] : path;
}
