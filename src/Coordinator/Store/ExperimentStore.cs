using System.Data.Common;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Store;

/// <summary>What a submission of an experiment fixes for good.</summary>
/// <param name="Id">The experiment's id.</param>
/// <param name="Spec">What was asked for.</param>
/// <param name="Layout">Its runs and its table.</param>
/// <param name="Plan">What it was worked out to be.</param>
/// <param name="OutputDirectory">Its output folder.</param>
/// <param name="CreatedAt">When it was accepted.</param>
internal sealed record ExperimentRecord(
    string Id,
    ExperimentSpec Spec,
    ExperimentLayout Layout,
    ExperimentPlan Plan,
    string OutputDirectory,
    DateTimeOffset CreatedAt);

/// <summary>Which experiments a list shows; null asks for all.</summary>
internal sealed record ExperimentFilter(ExperimentPhase? Phase = null, ExperimentKind? Kind = null, string? Name = null);

/// <summary>The index of experiments, in the database of the runs: an experiment and all its runs are accepted in one transaction.</summary>
internal sealed class ExperimentStore(IDatabase database)
{
    private static readonly JsonSerializerOptions s_json = new(ProtocolJson.Options) { IgnoreReadOnlyProperties = true };

    /// <summary>Writes a submission and its runs; when the task ends all of it is on the disk, or nothing.</summary>
    public Task<InsertResult> InsertAsync(ExperimentRecord record, ExperimentStatus status, IReadOnlyList<(RunRow Row, RunStatus Status)> members, string? idempotencyKey, string? bodyHash) =>
        database.WriteAsync(RunStore.Submissions, connection => InsertAsync(connection, record, status, members, idempotencyKey, bodyHash), Notices.Events);

    /// <summary>What became of an earlier request with this key; null if there was none.</summary>
    public Task<InsertResult?> FindByKeyAsync(string key, string hash) => database.ReadAsync(connection => FindByKeyAsync(connection, key, hash));

    public Task<ExperimentRecord?> FindAsync(string id) => database.ReadAsync(connection => connection.SingleAsync(
        "SELECT id, spec, layout, plan, output_directory, created_at FROM experiments WHERE id = @id",
        reader => new ExperimentRecord(
            reader.GetString(0),
            Read<ExperimentSpec>(reader.GetString(1)),
            Read<ExperimentLayout>(reader.GetString(2)),
            Read<ExperimentPlan>(reader.GetString(3)),
            reader.GetString(4),
            RunStore.Time(reader.GetString(5))),
        ("@id", id)));

    /// <summary>Ids of the experiments that have not ended, in the order of submission.</summary>
    public Task<IReadOnlyList<string>> OpenAsync() => database.ReadAsync(connection => connection.QueryAsync(
        "SELECT id FROM experiments WHERE ended = 0 ORDER BY seq", reader => reader.GetString(0)));

    /// <summary>The experiments that have not ended, in the order of submission.</summary>
    public Task<IReadOnlyList<ExperimentStatus>> OpenStatusesAsync(int most) => database.ReadAsync(connection => connection.QueryAsync(
        "SELECT status FROM experiments WHERE ended = 0 ORDER BY seq LIMIT @most", reader => ProtocolJson.Read<ExperimentStatus>(reader.GetString(0)), ("@most", most)));

    public Task<IReadOnlyDictionary<ExperimentPhase, int>> CountByPhaseAsync() => database.ReadAsync<IReadOnlyDictionary<ExperimentPhase, int>>(async connection => (await connection.QueryAsync(
        "SELECT phase, COUNT(*) FROM experiments GROUP BY phase",
        reader => (Phase: Enum.Parse<ExperimentPhase>(reader.GetString(0), ignoreCase: true), Count: reader.GetInt32(1))).ConfigureAwait(false)).ToDictionary(row => row.Phase, row => row.Count));

    /// <inheritdoc cref="RunStore.HoldersAsync"/>
    public Task<IReadOnlyList<OutputHolder>> HoldersAsync(string folder) => database.ReadAsync(connection => OutputFolders.MeetingAsync(connection, folder));

    /// <summary>Experiments from the newest on, those after <paramref name="before"/> in that order.</summary>
    public Task<IReadOnlyList<(long Order, ExperimentStatus Status)>> ListAsync(ExperimentFilter filter, long? before, int most) => database.ReadAsync(connection => connection.QueryAsync(
        """
        SELECT seq, status FROM experiments
        WHERE (CAST(@phase AS TEXT) IS NULL OR phase = @phase) AND (CAST(@kind AS TEXT) IS NULL OR kind = @kind) AND (CAST(@name AS TEXT) IS NULL OR lower(name) LIKE @name ESCAPE '!')
        AND (CAST(@before AS BIGINT) IS NULL OR seq < @before) ORDER BY seq DESC LIMIT @most
        """,
        reader => (reader.GetInt64(0), ProtocolJson.Read<ExperimentStatus>(reader.GetString(1))),
        ("@phase", filter.Phase is { } phase ? Word(phase) : null), ("@kind", filter.Kind is { } kind ? Word(kind) : null), ("@name", DbCommands.Containing(filter.Name)), ("@before", before), ("@most", most)));

    /// <summary>Writes what changed. Writing it again changes nothing more. What has ended stays so until it is opened again.</summary>
    public Task SaveAsync(ExperimentStatus status, IReadOnlyList<RunEventRow> events) => database.WriteAsync(
        status.Id,
        async connection =>
        {
            await connection.ExecuteAsync(
                "UPDATE experiments SET phase = @phase, ended = @ended, status = @status WHERE id = @id AND ended <= @ended",
                ("@id", status.Id), ("@phase", Word(status.Phase)), ("@ended", RunStore.Flag(status.Phase.IsTerminal())), ("@status", ProtocolJson.Write(status))).ConfigureAwait(false);
            return await RunStore.InsertEventsAsync(connection, status.Id, events).ConfigureAwait(false);
        },
        events.Count > 0 ? Notices.Events : null);

    /// <summary>Opens one again that has ended: what is saved of it from now on comes through.</summary>
    public Task ReopenAsync(string id) => database.WriteAsync(
        id,
        connection => connection.ExecuteAsync("UPDATE experiments SET ended = 0 WHERE id = @id", ("@id", id)));

    /// <summary>The state of an experiment as the index knows it, a few seconds old at most; null if there is no such experiment.</summary>
    public Task<ExperimentStatus?> StatusAsync(string id) => database.ReadAsync(connection => connection.SingleAsync(
        "SELECT status FROM experiments WHERE id = @id", reader => ProtocolJson.Read<ExperimentStatus>(reader.GetString(0)), ("@id", id)));

    private static async Task<InsertResult> InsertAsync(DbConnection connection, ExperimentRecord record, ExperimentStatus status, IReadOnlyList<(RunRow Row, RunStatus Status)> members, string? idempotencyKey, string? bodyHash)
    {
        if (idempotencyKey is not null && await FindByKeyAsync(connection, idempotencyKey, bodyHash).ConfigureAwait(false) is { } earlier)
        {
            return earlier;
        }

        if (await OutputFolders.TakenAsync(connection, record.OutputDirectory).ConfigureAwait(false) is { } taken)
        {
            return taken;
        }

        await connection.ExecuteAsync(
            """
            INSERT INTO experiments (id, name, kind, spec, layout, plan, output_directory, created_at, idempotency_key, body_hash, phase, ended, status)
            VALUES (@id, @name, @kind, @spec, @layout, @plan, @output, @created, @key, @hash, @phase, 0, @status)
            """,
            ("@id", record.Id),
            ("@name", record.Spec.Name),
            ("@kind", Word(record.Spec.Kind)),
            ("@spec", Write(record.Spec)),
            ("@layout", Write(record.Layout)),
            ("@plan", Write(record.Plan)),
            ("@output", record.OutputDirectory),
            ("@created", RunStore.Time(record.CreatedAt)),
            ("@key", idempotencyKey),
            ("@hash", bodyHash),
            ("@phase", Word(status.Phase)),
            ("@status", ProtocolJson.Write(status))).ConfigureAwait(false);
        await RunStore.InsertEventsAsync(connection, record.Id, [new RunEventRow("submitted", record.CreatedAt, "submitted", $"Experiment '{record.Spec.Name}' was accepted with {members.Count} runs.")]).ConfigureAwait(false);
        foreach (var (row, runStatus) in members)
        {
            await RunStore.InsertAsync(connection, row, runStatus, null, null).ConfigureAwait(false);
        }

        return new InsertResult.Inserted(record.Id);
    }

    private static async Task<InsertResult?> FindByKeyAsync(DbConnection connection, string key, string? hash) =>
        await connection.QueryAsync("SELECT id, body_hash FROM experiments WHERE idempotency_key = @key", reader => (Id: reader.GetString(0), Hash: reader.Text(1)), ("@key", key)).ConfigureAwait(false) switch
        {
            [var (id, known)] => known == hash ? new InsertResult.Repeated(id) : new InsertResult.KeyTaken(id),
            _ => null,
        };

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string Write<T>(T value) => JsonSerializer.Serialize(value, s_json);

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, s_json)!;
}
