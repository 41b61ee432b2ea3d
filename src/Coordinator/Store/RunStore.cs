using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;

namespace Temper.Coordinator.Store;

/// <summary>The index of runs and their events. Lists are read from here, never by asking grains one by one.</summary>
internal sealed class RunStore
{
    /// <summary>The turn of submissions: each sees all before it, whoever took them, so that neither a folder nor a key is given out twice.</summary>
    public const string Submissions = "submissions";

    private readonly IDatabase _database;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunStore(IDatabase database)
    {
        _database = database;
        database.NoticeReceived += notice =>
        {
            if (notice == Notices.Events)
            {
                Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }
        };
    }

    /// <summary>Ends at the next new event of any run. Take it before reading, or an event in between is missed.</summary>
    public Task NextEvent => Volatile.Read(ref _changed).Task;

    /// <summary>Writes a submission; when the task ends it is on the disk.</summary>
    public Task<InsertResult> InsertAsync(RunRow row, RunStatus status, string? idempotencyKey, string? bodyHash) =>
        _database.WriteAsync(Submissions, connection => InsertAsync(connection, row, status, idempotencyKey, bodyHash), Notices.Events);

    /// <summary>What became of an earlier request with this key; null if there was none.</summary>
    public Task<InsertResult?> FindByKeyAsync(string key, string hash) => _database.ReadAsync(connection => FindByKeyAsync(connection, key, hash));

    /// <summary>Writes what changed. Writing it again changes nothing more.</summary>
    /// <param name="status">The run as it is now.</param>
    /// <param name="changes">How often its state was stored: a status of an earlier state, from a grain that does not know yet that it was replaced, does not come through.</param>
    /// <param name="events">What happened.</param>
    public Task SaveAsync(RunStatus status, long changes, IReadOnlyList<RunEventRow> events) => _database.WriteAsync(
        status.Id,
        async connection =>
        {
            await connection.ExecuteAsync(
                "UPDATE runs SET phase = @phase, ended = @ended, status = @status, changes = @changes WHERE id = @id AND changes <= @changes",
                ("@id", status.Id), ("@phase", Name(status.Phase)), ("@ended", Flag(status.Phase.IsTerminal())), ("@status", ProtocolJson.Write(status)), ("@changes", changes)).ConfigureAwait(false);
            return await InsertEventsAsync(connection, status.Id, events).ConfigureAwait(false);
        },
        events.Count > 0 ? Notices.Events : null);

    public Task<RunRow?> FindAsync(string id) => _database.ReadAsync(connection => FindAsync(connection, id));

    /// <summary>A run that another one may start from, read on the calling thread.</summary>
    public OriginRun? FindOrigin(string id) => _database.Read(async connection => await FindAsync(connection, id).ConfigureAwait(false) is { } row
        ? new OriginRun(id, SpecJson.Read(row.Spec), row.DataRoots, row.OutputDirectory, (await StatusAsync(connection, id).ConfigureAwait(false))!.Phase)
        : null);

    /// <summary>The state of a run as the index knows it: after each change as it is, its step within a few seconds. Null if there is no such run.</summary>
    public Task<RunStatus?> StatusAsync(string id) => _database.ReadAsync(connection => StatusAsync(connection, id));

    /// <summary>Who was given <paramref name="folder"/>, a folder in it or one around it.</summary>
    public Task<IReadOnlyList<OutputHolder>> HoldersAsync(string folder) => _database.ReadAsync(connection => OutputFolders.MeetingAsync(connection, folder));

    /// <summary>The runs that have not ended, in the order of submission.</summary>
    public Task<IReadOnlyList<OpenRun>> OpenRunsAsync() => _database.ReadAsync(OpenRunsAsync);

    /// <summary>The runs of an experiment, in the order of its layout.</summary>
    public Task<IReadOnlyList<RunStatus>> OfExperimentAsync(string experiment) => _database.ReadAsync(connection => connection.QueryAsync(
        "SELECT status FROM runs WHERE experiment = @experiment ORDER BY seq",
        reader => ProtocolJson.Read<RunStatus>(reader.GetString(0)),
        ("@experiment", experiment)));

    /// <summary>The runs that have failed and start from the models of others.</summary>
    public Task<IReadOnlyList<RunStatus>> FailedChildrenAsync() => _database.ReadAsync<IReadOnlyList<RunStatus>>(async connection => [.. (await connection.QueryAsync(
        "SELECT status FROM runs WHERE phase = @phase ORDER BY seq",
        reader => ProtocolJson.Read<RunStatus>(reader.GetString(0)),
        ("@phase", Name(RunPhase.Failed))).ConfigureAwait(false)).Where(run => run.StartsFrom is { Count: > 0 })]);

    /// <summary>Runs from the newest on, those after <paramref name="before"/> in that order.</summary>
    public Task<IReadOnlyList<(long Order, RunStatus Status)>> ListAsync(RunFilter filter, long? before, int most) => _database.ReadAsync(connection => connection.QueryAsync(
        """
        SELECT seq, status FROM runs
        WHERE (CAST(@phase AS TEXT) IS NULL OR phase = @phase) AND (CAST(@name AS TEXT) IS NULL OR lower(name) LIKE @name ESCAPE '!') AND (CAST(@experiment AS TEXT) IS NULL OR experiment = @experiment)
        AND (CAST(@before AS BIGINT) IS NULL OR seq < @before) ORDER BY seq DESC LIMIT @most
        """,
        reader => (reader.GetInt64(0), ProtocolJson.Read<RunStatus>(reader.GetString(1))),
        ("@phase", filter.Phase is { } p ? Name(p) : null), ("@name", DbCommands.Containing(filter.Name)), ("@experiment", filter.Experiment), ("@before", before), ("@most", most)));

    public Task<IReadOnlyDictionary<RunPhase, int>> CountByPhaseAsync() => _database.ReadAsync<IReadOnlyDictionary<RunPhase, int>>(async connection => (await connection.QueryAsync(
        "SELECT phase, COUNT(*) FROM runs GROUP BY phase",
        reader => (Phase: Phase(reader.GetString(0)), Count: reader.GetInt32(1))).ConfigureAwait(false)).ToDictionary(row => row.Phase, row => row.Count));

    public Task<IReadOnlyList<StoredEvent>> EventsAsync(string run, long after, int most) => _database.ReadAsync(connection => connection.QueryAsync(
        "SELECT id, at, kind, message, data FROM events WHERE run = @run AND id > @after ORDER BY id LIMIT @most",
        reader => new StoredEvent(
            reader.GetInt64(0),
            Time(reader.GetString(1)),
            reader.GetString(2),
            reader.GetString(3),
            reader.Text(4) is { } data ? JsonSerializer.Deserialize<JsonElement>(data) : null),
        ("@run", run), ("@after", after), ("@most", most)));

    private static Task<RunStatus?> StatusAsync(DbConnection connection, string id) => connection.SingleAsync(
        "SELECT status FROM runs WHERE id = @id", reader => ProtocolJson.Read<RunStatus>(reader.GetString(0)), ("@id", id));

    private static Task<RunRow?> FindAsync(DbConnection connection, string id) => connection.SingleAsync(
        "SELECT id, name, spec, data_roots, output_directory, plan, created_at, origins, experiment, experiment_key FROM runs WHERE id = @id",
        reader => new RunRow(
            reader.GetString(0),
            reader.GetString(1),
            reader.GetString(2),
            ProtocolJson.Read<string[]>(reader.GetString(3)),
            reader.GetString(4),
            ProtocolJson.Read<RunPlan>(reader.GetString(5)),
            Time(reader.GetString(6)),
            ProtocolJson.Read<ModelOrigin[]>(reader.GetString(7)),
            reader.Text(8) is { } experiment ? new ExperimentMember(experiment, reader.GetString(9)) : null),
        ("@id", id));

    private static async Task<InsertResult?> FindByKeyAsync(DbConnection connection, string key, string? hash) =>
        await connection.QueryAsync("SELECT id, body_hash FROM runs WHERE idempotency_key = @key", reader => (Id: reader.GetString(0), Hash: reader.Text(1)), ("@key", key)).ConfigureAwait(false) switch
        {
            [var (id, known)] => known == hash ? new InsertResult.Repeated(id) : new InsertResult.KeyTaken(id),
            _ => null,
        };

    // The parents of most runs in a line are the same few.
    private async Task<IReadOnlyList<OpenRun>> OpenRunsAsync(DbConnection connection)
    {
        var rows = await connection.QueryAsync(
            $"SELECT seq, {_database.Number("plan", "memory_bytes")}, status FROM runs WHERE ended = 0 ORDER BY seq",
            reader => (Order: reader.GetInt64(0), Memory: reader.GetDouble(1), Status: ProtocolJson.Read<RunStatus>(reader.GetString(2)))).ConfigureAwait(false);
        var known = rows.ToDictionary(run => run.Status.Id, run => run.Status);
        var open = new List<OpenRun>();
        foreach (var run in rows)
        {
            var parents = new List<RunStatus>();
            foreach (var id in run.Status.StartsFrom ?? [])
            {
                if (!known.TryGetValue(id, out var parent))
                {
                    parent = known[id] = await StatusAsync(connection, id).ConfigureAwait(false) ?? throw new InvalidOperationException($"Run {run.Status.Id} starts from run {id}, which is not there.");
                }

                parents.Add(parent);
            }

            open.Add(new OpenRun(run.Order, (long)run.Memory, run.Status, parents));
        }

        return open;
    }

    /// <summary>Writes a submission within the caller's transaction.</summary>
    internal static async Task<InsertResult> InsertAsync(DbConnection connection, RunRow row, RunStatus status, string? idempotencyKey, string? bodyHash)
    {
        if (idempotencyKey is not null && await FindByKeyAsync(connection, idempotencyKey, bodyHash).ConfigureAwait(false) is { } earlier)
        {
            return earlier;
        }

        // The runs of an experiment lie in its folder, which was found free.
        if (row.Experiment is null && await OutputFolders.TakenAsync(connection, row.OutputDirectory).ConfigureAwait(false) is { } taken)
        {
            return taken;
        }

        await connection.ExecuteAsync(
            """
            INSERT INTO runs (id, name, spec, data_roots, output_directory, plan, created_at, idempotency_key, body_hash, phase, ended, status, origins, experiment, experiment_key)
            VALUES (@id, @name, @spec, @roots, @output, @plan, @created, @key, @hash, @phase, 0, @status, @origins, @experiment, @experiment_key)
            """,
            ("@id", row.Id),
            ("@name", row.Name),
            ("@spec", row.Spec),
            ("@roots", ProtocolJson.Write(row.DataRoots)),
            ("@output", row.OutputDirectory),
            ("@plan", ProtocolJson.Write(row.Plan)),
            ("@created", Time(row.CreatedAt)),
            ("@key", idempotencyKey),
            ("@hash", bodyHash),
            ("@phase", Name(status.Phase)),
            ("@status", ProtocolJson.Write(status)),
            ("@origins", ProtocolJson.Write(row.Origins)),
            ("@experiment", row.Experiment?.ExperimentId),
            ("@experiment_key", row.Experiment?.Key)).ConfigureAwait(false);
        await InsertEventsAsync(connection, row.Id, [new RunEventRow("submitted", row.CreatedAt, "submitted", $"Run '{row.Name}' was accepted.")]).ConfigureAwait(false);
        return new InsertResult.Inserted(row.Id);
    }

    /// <summary>
    /// Adds events within the caller's transaction, whose turn is the run or experiment that they are of; or which has made it, so that nobody else knows it yet. So the
    /// events of one run become visible in the order of their ids, and whoever has read up to one misses none before it.
    /// </summary>
    internal static async Task<int> InsertEventsAsync(DbConnection connection, string run, IReadOnlyList<RunEventRow> events)
    {
        foreach (var e in events)
        {
            await connection.ExecuteAsync(
                "INSERT INTO events (run, key, at, kind, message, data) VALUES (@run, @key, @at, @kind, @message, @data) ON CONFLICT DO NOTHING",
                ("@run", run), ("@key", e.Key), ("@at", Time(e.At)), ("@kind", e.Kind), ("@message", e.Message), ("@data", e.Data)).ConfigureAwait(false);
        }

        return events.Count;
    }

    /// <summary>A truth value as both databases have it.</summary>
    internal static int Flag(bool value) => value ? 1 : 0;

    private static string Name(RunPhase phase) => JsonNamingPolicy.SnakeCaseLower.ConvertName(phase.ToString());

    private static RunPhase Phase(string name) => Enum.Parse<RunPhase>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    internal static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);

    internal static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Which runs a list shows; null asks for all.</summary>
/// <param name="Phase">Those in this phase.</param>
/// <param name="Name">Those whose name contains this text, in whatever case.</param>
/// <param name="Experiment">Those of this experiment.</param>
internal sealed record RunFilter(RunPhase? Phase = null, string? Name = null, string? Experiment = null);
