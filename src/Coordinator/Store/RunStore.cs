using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Runs;

namespace Temper.Coordinator.Store;

/// <summary>The index of runs and their events. Lists are read from here, never by asking grains one by one.</summary>
internal sealed class RunStore(string directory) : IDisposable
{
    private readonly SqliteFile _file = new(Path.Combine(directory, "state.db"), StateSchema.Create, durable: true);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The file, which grain storage writes too.</summary>
    public SqliteFile File => _file;

    /// <summary>Ends at the next new event of any run. Take it before reading, or an event in between is missed.</summary>
    public Task NextEvent => Volatile.Read(ref _changed).Task;

    /// <summary>Writes a submission; when the task ends it is on the disk.</summary>
    public async Task<InsertResult> InsertAsync(RunRow row, RunStatus status, string? idempotencyKey, string? bodyHash)
    {
        var result = await _file.WriteAsync(connection => Insert(connection, row, status, idempotencyKey, bodyHash)).ConfigureAwait(false);
        Announce();
        return result;
    }

    /// <summary>What became of an earlier request with this key; null if there was none.</summary>
    public Task<InsertResult?> FindByKeyAsync(string key, string hash) => _file.ReadAsync(connection => FindByKey(connection, key, hash));

    /// <summary>Writes what changed. Writing it again changes nothing more.</summary>
    public async Task SaveAsync(RunStatus status, IReadOnlyList<RunEventRow> events)
    {
        await _file.WriteAsync(connection =>
        {
            connection.Execute(
                "UPDATE runs SET phase = @phase, ended = @ended, status = @status WHERE id = @id",
                ("@id", status.Id), ("@phase", Name(status.Phase)), ("@ended", status.Phase.IsTerminal()), ("@status", ProtocolJson.Write(status)));
            InsertEvents(connection, status.Id, events);
        }).ConfigureAwait(false);
        if (events.Count > 0)
        {
            Announce();
        }
    }

    public Task<RunRow?> FindAsync(string id) => _file.ReadAsync(connection => Find(connection, id));

    /// <summary>A run that another one may start from, read on the calling thread.</summary>
    public OriginRun? FindOrigin(string id) => _file.Read(connection => Find(connection, id) is { } row
        ? new OriginRun(id, SpecJson.Read(row.Spec), row.DataRoots, row.OutputDirectory, connection.Query("SELECT phase FROM runs WHERE id = @id", reader => Phase(reader.GetString(0)), ("@id", id)).Single())
        : null);

    /// <summary>The runs that have not ended, in the order of submission.</summary>
    public Task<IReadOnlyList<OpenRun>> OpenRunsAsync() => _file.ReadAsync(OpenRuns);

    /// <summary>The runs of an experiment, in the order of its layout.</summary>
    public Task<IReadOnlyList<RunStatus>> OfExperimentAsync(string experiment) => _file.ReadAsync<IReadOnlyList<RunStatus>>(connection => connection.Query(
        "SELECT status FROM runs WHERE experiment = @experiment ORDER BY seq",
        reader => ProtocolJson.Read<RunStatus>(reader.GetString(0)),
        ("@experiment", experiment)));

    /// <summary>Runs from the newest on, those after <paramref name="before"/> in that order.</summary>
    public Task<IReadOnlyList<(long Order, RunStatus Status)>> ListAsync(RunFilter filter, long? before, int most) => _file.ReadAsync<IReadOnlyList<(long, RunStatus)>>(connection => connection.Query(
        """
        SELECT seq, status FROM runs
        WHERE (@phase IS NULL OR phase = @phase) AND (@name IS NULL OR name = @name) AND (@experiment IS NULL OR experiment = @experiment)
        AND (@before IS NULL OR seq < @before) ORDER BY seq DESC LIMIT @most
        """,
        reader => (reader.GetInt64(0), ProtocolJson.Read<RunStatus>(reader.GetString(1))),
        ("@phase", filter.Phase is { } p ? Name(p) : null), ("@name", filter.Name), ("@experiment", filter.Experiment), ("@before", before), ("@most", most)));

    public Task<IReadOnlyDictionary<RunPhase, int>> CountByPhaseAsync() => _file.ReadAsync<IReadOnlyDictionary<RunPhase, int>>(connection => connection.Query(
        "SELECT phase, COUNT(*) FROM runs GROUP BY phase",
        reader => (Phase: Phase(reader.GetString(0)), Count: reader.GetInt32(1))).ToDictionary(row => row.Phase, row => row.Count));

    public Task<IReadOnlyList<StoredEvent>> EventsAsync(string run, long after, int most) => _file.ReadAsync<IReadOnlyList<StoredEvent>>(connection => connection.Query(
        "SELECT id, at, kind, message, data FROM events WHERE run = @run AND id > @after ORDER BY id LIMIT @most",
        reader => new StoredEvent(
            reader.GetInt64(0),
            Time(reader.GetString(1)),
            reader.GetString(2),
            reader.GetString(3),
            reader.Text(4) is { } data ? JsonSerializer.Deserialize<JsonElement>(data) : null),
        ("@run", run), ("@after", after), ("@most", most)));

    public void Dispose() => _file.Dispose();

    private static RunRow? Find(SqliteConnection connection, string id) => connection.Query(
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
        ("@id", id)).SingleOrDefault();

    private static InsertResult? FindByKey(SqliteConnection connection, string key, string? hash) =>
        connection.Query("SELECT id, body_hash FROM runs WHERE idempotency_key = @key", reader => (Id: reader.GetString(0), Hash: reader.Text(1)), ("@key", key)) switch
        {
            [var (id, known)] => known == hash ? new InsertResult.Repeated(id) : new InsertResult.KeyTaken(id),
            _ => null,
        };

    // The parents of most runs in a line are the same few.
    private static IReadOnlyList<OpenRun> OpenRuns(SqliteConnection connection)
    {
        var open = connection.Query(
            "SELECT seq, json_extract(plan, '$.memory_bytes'), status FROM runs WHERE ended = 0 ORDER BY seq",
            reader => (Order: reader.GetInt64(0), Memory: reader.GetInt64(1), Status: ProtocolJson.Read<RunStatus>(reader.GetString(2))));
        var known = open.ToDictionary(run => run.Status.Id, run => run.Status);
        return [.. open.Select(run => new OpenRun(run.Order, run.Memory, run.Status, [.. (run.Status.StartsFrom ?? []).Select(Parent)]))];

        RunStatus Parent(string id)
        {
            if (!known.TryGetValue(id, out var parent))
            {
                parent = known[id] = connection.Query("SELECT status FROM runs WHERE id = @id", reader => ProtocolJson.Read<RunStatus>(reader.GetString(0)), ("@id", id)).Single();
            }

            return parent;
        }
    }

    /// <summary>Writes a submission within the caller's transaction.</summary>
    internal static InsertResult Insert(SqliteConnection connection, RunRow row, RunStatus status, string? idempotencyKey, string? bodyHash)
    {
        if (idempotencyKey is not null && FindByKey(connection, idempotencyKey, bodyHash) is { } earlier)
        {
            return earlier;
        }

        if (connection.Query("SELECT id FROM runs WHERE ended = 0 AND output_directory = @output", reader => reader.GetString(0), ("@output", row.OutputDirectory)) is [var other, ..])
        {
            return new InsertResult.OutputTaken(other, row.OutputDirectory);
        }

        connection.Execute(
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
            ("@experiment_key", row.Experiment?.Key));
        InsertEvents(connection, row.Id, [new RunEventRow("submitted", row.CreatedAt, "submitted", $"Run '{row.Name}' was accepted.")]);
        return new InsertResult.Inserted(row.Id);
    }

    internal static void InsertEvents(SqliteConnection connection, string run, IReadOnlyList<RunEventRow> events)
    {
        foreach (var e in events)
        {
            connection.Execute(
                "INSERT OR IGNORE INTO events (run, key, at, kind, message, data) VALUES (@run, @key, @at, @kind, @message, @data)",
                ("@run", run), ("@key", e.Key), ("@at", Time(e.At)), ("@kind", e.Kind), ("@message", e.Message), ("@data", e.Data));
        }
    }

    /// <summary>Wakes those who wait for events.</summary>
    internal void Announce() =>
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    private static string Name(RunPhase phase) => JsonNamingPolicy.SnakeCaseLower.ConvertName(phase.ToString());

    private static RunPhase Phase(string name) => Enum.Parse<RunPhase>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    internal static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);

    internal static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Which runs a list shows; null asks for all.</summary>
internal sealed record RunFilter(RunPhase? Phase = null, string? Name = null, string? Experiment = null);
