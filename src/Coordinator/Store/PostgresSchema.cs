using System.Security.Cryptography;
using Npgsql;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>
/// Everything that a PostgreSQL database of coordinators holds. Its version is a number in the table <c>temper_schema</c>; each entry of
/// <see cref="Steps"/> brings a database one version further, and a released one is never changed. Coordinators of an older version must go on working
/// while newer ones start beside them, so a step only adds: columns have defaults, and nothing is renamed or dropped before the version after the next.
/// </summary>
internal static class PostgresSchema
{
    /// <summary>The version that this program makes.</summary>
    public static int Version => Steps.Length;

    // The oldest that its makers look after.
    private const int OldestServer = 14;

    // Any number that nobody else takes: all coordinators that start at once meet at it.
    private const string Alone = "SELECT pg_advisory_xact_lock(7163482905511)";

    // Texts that are sorted by are sorted by their bytes, as SQLite does, whatever the database's language.
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE OrleansQuery (QueryKey TEXT PRIMARY KEY, QueryText TEXT NOT NULL);
        CREATE TABLE grain_states (
            GrainIdHash INTEGER NOT NULL,
            GrainIdN0 BIGINT NOT NULL,
            GrainIdN1 BIGINT NOT NULL,
            GrainTypeHash INTEGER NOT NULL,
            GrainTypeString TEXT NOT NULL,
            GrainIdExtensionString TEXT NOT NULL,
            ServiceId TEXT NOT NULL,
            PayloadBinary BYTEA,
            ModifiedOn TIMESTAMPTZ NOT NULL,
            Version INTEGER NOT NULL,
            PRIMARY KEY (ServiceId, GrainTypeString, GrainIdExtensionString, GrainIdN0, GrainIdN1));

        CREATE TABLE membership_version (cluster TEXT PRIMARY KEY, version INTEGER NOT NULL);
        CREATE TABLE silos (
            cluster TEXT NOT NULL REFERENCES membership_version,
            Address TEXT NOT NULL,
            Port INTEGER NOT NULL,
            Generation INTEGER NOT NULL,
            SiloName TEXT NOT NULL,
            HostName TEXT NOT NULL,
            Status INTEGER NOT NULL,
            ProxyPort INTEGER NOT NULL,
            SuspectTimes TEXT,
            StartTime TIMESTAMPTZ NOT NULL,
            IAmAliveTime TIMESTAMPTZ NOT NULL,
            PRIMARY KEY (cluster, Address, Port, Generation));

        CREATE TABLE runs (
            seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            spec TEXT NOT NULL,
            data_roots TEXT NOT NULL,
            output_directory TEXT NOT NULL,
            plan TEXT NOT NULL,
            created_at TEXT NOT NULL,
            idempotency_key TEXT UNIQUE,
            body_hash TEXT,
            phase TEXT NOT NULL,
            ended INTEGER NOT NULL,
            status TEXT NOT NULL,
            origins TEXT NOT NULL,
            experiment TEXT,
            experiment_key TEXT,
            changes BIGINT NOT NULL DEFAULT 0);
        CREATE INDEX runs_open ON runs (seq) WHERE ended = 0;
        CREATE INDEX runs_phase ON runs (phase, seq);
        CREATE INDEX runs_experiment ON runs (experiment, seq);

        CREATE TABLE experiments (
            seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            spec TEXT NOT NULL,
            layout TEXT NOT NULL,
            plan TEXT NOT NULL,
            output_directory TEXT NOT NULL,
            created_at TEXT NOT NULL,
            idempotency_key TEXT UNIQUE,
            body_hash TEXT,
            phase TEXT NOT NULL,
            ended INTEGER NOT NULL,
            status TEXT NOT NULL);
        CREATE INDEX experiments_open ON experiments (seq) WHERE ended = 0;

        CREATE TABLE events (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            run TEXT NOT NULL,
            key TEXT NOT NULL,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            message TEXT NOT NULL,
            data TEXT,
            UNIQUE (run, key));
        CREATE INDEX events_run ON events (run, id);

        CREATE TABLE steps (
            run TEXT NOT NULL,
            step INTEGER NOT NULL,
            epoch BIGINT NOT NULL,
            row TEXT NOT NULL,
            PRIMARY KEY (run, step));
        CREATE TABLE evaluations (
            run TEXT NOT NULL,
            step INTEGER NOT NULL,
            task TEXT COLLATE "C" NOT NULL,
            split TEXT COLLATE "C" NOT NULL,
            final INTEGER NOT NULL,
            epoch BIGINT NOT NULL,
            row TEXT NOT NULL,
            PRIMARY KEY (run, step, task, split, final));

        CREATE TABLE api_keys (
            seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL,
            revoked_at TEXT);
        CREATE TABLE protection_keys (name TEXT PRIMARY KEY, xml TEXT NOT NULL);
        CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until TIMESTAMPTZ NOT NULL);
        """,
    ];

    /// <summary>
    /// Our own queries for Orleans' providers, written anew at each start, so that a newer program brings newer ones. Each is one statement, which happens as a whole. A write of
    /// state that loses must still return a row, with the version that was asked for: without a row the provider takes it for a success. A change of membership
    /// counts only if it is the next one after the version that its silo has read.
    /// </summary>
    private const string Queries = """
        INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
        ('WriteToStorageKey', $q$
            WITH changed AS (
                UPDATE grain_states SET PayloadBinary = @PayloadBinary, ModifiedOn = now(), Version = Version + 1
                WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString = COALESCE(CAST(@GrainIdExtensionString AS TEXT), '')
                AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND Version = CAST(@GrainStateVersion AS INTEGER)
                RETURNING Version),
            made AS (
                INSERT INTO grain_states (GrainIdHash, GrainIdN0, GrainIdN1, GrainTypeHash, GrainTypeString, GrainIdExtensionString, ServiceId, PayloadBinary, ModifiedOn, Version)
                SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, COALESCE(CAST(@GrainIdExtensionString AS TEXT), ''), @ServiceId, @PayloadBinary, now(), 1
                WHERE CAST(@GrainStateVersion AS INTEGER) IS NULL
                ON CONFLICT DO NOTHING
                RETURNING Version)
            SELECT COALESCE((SELECT Version FROM changed), (SELECT Version FROM made), CAST(@GrainStateVersion AS INTEGER)) AS NewGrainStateVersion$q$),
        ('ReadFromStorageKey', $q$
            SELECT PayloadBinary, Version FROM grain_states
            WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString = COALESCE(CAST(@GrainIdExtensionString AS TEXT), '')
            AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1$q$),
        ('ClearStorageKey', $q$
            WITH changed AS (
                UPDATE grain_states SET PayloadBinary = NULL, ModifiedOn = now(), Version = Version + 1
                WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString = COALESCE(CAST(@GrainIdExtensionString AS TEXT), '')
                AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND Version = CAST(@GrainStateVersion AS INTEGER)
                RETURNING Version)
            SELECT COALESCE((SELECT Version FROM changed), CAST(@GrainStateVersion AS INTEGER)) AS NewGrainStateVersion$q$),
        ('DeleteStorageKey', $q$
            WITH gone AS (
                DELETE FROM grain_states
                WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString = COALESCE(CAST(@GrainIdExtensionString AS TEXT), '')
                AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND Version = CAST(@GrainStateVersion AS INTEGER)
                RETURNING Version + 1 AS Version)
            SELECT COALESCE((SELECT Version FROM gone), CAST(@GrainStateVersion AS INTEGER)) AS NewGrainStateVersion$q$),
        ('InsertMembershipVersionKey', $q$
            WITH made AS (
                INSERT INTO membership_version (cluster, version) VALUES (@DeploymentId, 0) ON CONFLICT DO NOTHING RETURNING 1)
            SELECT EXISTS (SELECT 1 FROM made)$q$),
        ('InsertMembershipKey', $q$
            WITH next AS (
                UPDATE membership_version SET version = version + 1
                WHERE cluster = @DeploymentId AND version = @Version
                AND NOT EXISTS (SELECT 1 FROM silos WHERE cluster = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
                RETURNING cluster),
            made AS (
                INSERT INTO silos (cluster, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
                SELECT cluster, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM next
                RETURNING 1)
            SELECT EXISTS (SELECT 1 FROM made)$q$),
        ('UpdateMembershipKey', $q$
            WITH next AS (
                UPDATE membership_version SET version = version + 1
                WHERE cluster = @DeploymentId AND version = @Version
                AND EXISTS (SELECT 1 FROM silos WHERE cluster = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
                RETURNING cluster),
            changed AS (
                UPDATE silos SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
                FROM next WHERE silos.cluster = next.cluster AND Address = @Address AND Port = @Port AND Generation = @Generation
                RETURNING 1)
            SELECT EXISTS (SELECT 1 FROM changed)$q$),
        ('UpdateIAmAlivetimeKey', $q$
            UPDATE silos SET IAmAliveTime = @IAmAliveTime
            WHERE cluster = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation$q$),
        ('MembershipReadRowKey', $q$
            SELECT v.version AS Version, s.Address, s.Port, s.Generation, s.SiloName, s.HostName, s.Status, s.ProxyPort, s.SuspectTimes, s.StartTime, s.IAmAliveTime
            FROM membership_version v LEFT JOIN silos s ON s.cluster = v.cluster AND s.Address = @Address AND s.Port = @Port AND s.Generation = @Generation
            WHERE v.cluster = @DeploymentId$q$),
        ('MembershipReadAllKey', $q$
            SELECT v.version AS Version, s.Address, s.Port, s.Generation, s.SiloName, s.HostName, s.Status, s.ProxyPort, s.SuspectTimes, s.StartTime, s.IAmAliveTime
            FROM membership_version v LEFT JOIN silos s ON s.cluster = v.cluster
            WHERE v.cluster = @DeploymentId$q$),
        ('GatewaysQueryKey', $q$
            SELECT Address, ProxyPort, Generation FROM silos
            WHERE cluster = @DeploymentId AND Status = @Status AND ProxyPort > 0$q$),
        ('DeleteMembershipTableEntriesKey', $q$
            WITH gone AS (DELETE FROM silos WHERE cluster = @DeploymentId)
            UPDATE membership_version SET version = version + 1 WHERE cluster = @DeploymentId$q$),
        ('CleanupDefunctSiloEntriesKey', $q$
            DELETE FROM silos WHERE cluster = @DeploymentId AND Status = 6 AND IAmAliveTime < @IAmAliveTime$q$)
        ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText;
        """;

    /// <summary>Makes what is missing, in one transaction that only one coordinator at a time is in.</summary>
    /// <exception cref="DatabaseException">The server is too old, or the tables are newer than this program.</exception>
    public static void Create(NpgsqlConnection connection)
    {
        if (connection.PostgreSqlVersion.Major < OldestServer)
        {
            throw new DatabaseException($"The server at {connection.Host}:{connection.Port} is PostgreSQL {connection.PostgreSqlVersion}, which is too old. Take version {OldestServer} or a newer one.");
        }

        using var transaction = connection.BeginTransaction();
        connection.Execute(Alone);
        connection.Execute("CREATE TABLE IF NOT EXISTS temper_schema (version INTEGER NOT NULL)");
        var found = connection.Query("SELECT version FROM temper_schema", reader => reader.GetInt32(0)) is [var version] ? version : 0;
        if (found > Version)
        {
            throw DatabaseException.Newer($"The database '{connection.Database}' at {connection.Host}:{connection.Port}", found, Version);
        }

        foreach (var step in Steps.Skip(found))
        {
            connection.Execute(step);
        }

        if (found < Version)
        {
            connection.Execute("DELETE FROM temper_schema");
            connection.Execute("INSERT INTO temper_schema (version) VALUES (@version)", ("@version", Version));
        }

        connection.Execute(Queries);
        connection.Execute(
            "INSERT INTO secrets (name, value) VALUES ('inside', @value) ON CONFLICT DO NOTHING",
            ("@value", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))));
        transaction.Commit();
    }
}
