using System.Data.Common;

namespace Temper.Coordinator.Store;

/// <summary>Who was given an output folder.</summary>
/// <param name="Id">The run or experiment.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="HasEnded">Whether it has ended.</param>
/// <param name="CreatedAt">When it was accepted.</param>
internal sealed record OutputHolder(string Id, string Folder, bool HasEnded, DateTimeOffset CreatedAt);

/// <summary>
/// The output folders that are given out. They lie beside each other: whoever writes to a folder deletes and replaces what is in it. The folder of an
/// experiment stands for those of its runs, which lie in it.
/// </summary>
internal static class OutputFolders
{
    /// <summary>Those whose folder is <paramref name="folder"/>, lies in it or holds it; those that have not ended first.</summary>
    public static Task<IReadOnlyList<OutputHolder>> MeetingAsync(DbConnection connection, string folder) => connection.QueryAsync(
        $"""
        SELECT id, output_directory, ended, created_at FROM runs WHERE experiment IS NULL AND {Meets}
        UNION ALL SELECT id, output_directory, ended, created_at FROM experiments WHERE {Meets}
        ORDER BY ended
        """,
        reader => new OutputHolder(reader.GetString(0), reader.GetString(1), reader.GetInt32(2) != 0, RunStore.Time(reader.GetString(3))),
        ("@folder", folder));

    /// <summary>Why <paramref name="folder"/> is not given out: somebody who has not ended writes to it, in it or around it. Null if nobody does.</summary>
    public static async Task<InsertResult.OutputTaken?> TakenAsync(DbConnection connection, string folder) =>
        Taken(await MeetingAsync(connection, folder).ConfigureAwait(false), folder);

    /// <inheritdoc cref="TakenAsync"/>
    public static InsertResult.OutputTaken? Taken(IReadOnlyList<OutputHolder> holders, string folder) => holders.FirstOrDefault(holder => !holder.HasEnded) is { } living
        ? new InsertResult.OutputTaken(living.Id, living.Folder, living.Folder == folder ? null : folder)
        : null;

    // Not LIKE, for which names may hold wildcards.
    private const string Meets =
        """
        (output_directory = @folder
        OR substr(output_directory, 1, length(@folder) + 1) = @folder || '/'
        OR substr(@folder, 1, length(output_directory) + 1) = output_directory || '/')
        """;
}
