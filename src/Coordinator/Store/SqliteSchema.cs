using Microsoft.Data.Sqlite;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>
/// Tables of the SQLite files of a state folder: <c>state.db</c>, what must not be lost; <c>metrics.db</c>, much data, apart from the state so that neither
/// waits for the other. Whatever is missing is made at each start, in files of any older program; the version in the file's header keeps an older
/// program away from tables that it does not know, and grows when it could do harm there.
/// </summary>
internal static class SqliteSchema
{
    private const int Version = 1;

    private const string Metrics = """
        CREATE TABLE IF NOT EXISTS steps (
            run TEXT NOT NULL,
            step INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            row TEXT NOT NULL,
            PRIMARY KEY (run, step)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS evaluations (
            run TEXT NOT NULL,
            step INTEGER NOT NULL,
            task TEXT NOT NULL,
            split TEXT NOT NULL,
            final INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            row TEXT NOT NULL,
            PRIMARY KEY (run, step, task, split, final)) WITHOUT ROWID;
        """;

    /// <summary>
    /// Our own tables and queries for Orleans' ADO.NET provider, then the index of runs and their events. The queries are written anew at each
    /// start, so that a newer program brings newer ones.
    /// On a version conflict the write must still return a row, with the version that was asked for: without a row the
    /// provider takes a lost write for a success.
    /// </summary>
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansQuery (QueryKey TEXT PRIMARY KEY, QueryText TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS OrleansStorage (
            GrainIdHash INTEGER NOT NULL,
            GrainIdN0 INTEGER NOT NULL,
            GrainIdN1 INTEGER NOT NULL,
            GrainTypeHash INTEGER NOT NULL,
            GrainTypeString TEXT NOT NULL,
            GrainIdExtensionString TEXT NOT NULL,
            ServiceId TEXT NOT NULL,
            PayloadBinary BLOB,
            ModifiedOn TEXT NOT NULL,
            Version INTEGER NOT NULL,
            PRIMARY KEY (ServiceId, GrainTypeString, GrainIdExtensionString, GrainIdN0, GrainIdN1));

        INSERT OR REPLACE INTO OrleansQuery (QueryKey, QueryText) VALUES
        ('WriteToStorageKey', '
            INSERT INTO OrleansStorage (GrainIdHash, GrainIdN0, GrainIdN1, GrainTypeHash, GrainTypeString, GrainIdExtensionString, ServiceId, PayloadBinary, ModifiedOn, Version)
            SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, COALESCE(@GrainIdExtensionString, ''''), @ServiceId, @PayloadBinary, datetime(''now''), 1
            WHERE @GrainStateVersion IS NULL OR EXISTS (
                SELECT 1 FROM OrleansStorage WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString
                AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''') AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1)
            ON CONFLICT (ServiceId, GrainTypeString, GrainIdExtensionString, GrainIdN0, GrainIdN1) DO UPDATE
            SET PayloadBinary = excluded.PayloadBinary, ModifiedOn = excluded.ModifiedOn, Version = Version + 1
            WHERE Version = @GrainStateVersion;
            SELECT CASE WHEN changes() > 0 THEN COALESCE(@GrainStateVersion, 0) + 1 ELSE @GrainStateVersion END AS NewGrainStateVersion;'),
        ('ReadFromStorageKey', '
            SELECT PayloadBinary, Version FROM OrleansStorage
            WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''')
            AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1;'),
        ('ClearStorageKey', '
            UPDATE OrleansStorage SET PayloadBinary = NULL, ModifiedOn = datetime(''now''), Version = Version + 1
            WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''')
            AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND Version = @GrainStateVersion;
            SELECT CASE WHEN changes() > 0 THEN @GrainStateVersion + 1 ELSE @GrainStateVersion END AS NewGrainStateVersion;'),
        ('DeleteStorageKey', '
            DELETE FROM OrleansStorage
            WHERE ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '''')
            AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1 AND Version = @GrainStateVersion;
            SELECT CASE WHEN changes() > 0 THEN @GrainStateVersion + 1 ELSE @GrainStateVersion END AS NewGrainStateVersion;');

        CREATE TABLE IF NOT EXISTS runs (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
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
            origins TEXT NOT NULL DEFAULT '[]',
            experiment TEXT,
            experiment_key TEXT,
            changes INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX IF NOT EXISTS runs_open ON runs (seq) WHERE ended = 0;
        CREATE INDEX IF NOT EXISTS runs_phase ON runs (phase, seq);

        CREATE TABLE IF NOT EXISTS experiments (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
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
        CREATE INDEX IF NOT EXISTS experiments_open ON experiments (seq) WHERE ended = 0;

        CREATE TABLE IF NOT EXISTS events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,
            key TEXT NOT NULL,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            message TEXT NOT NULL,
            data TEXT,
            UNIQUE (run, key));
        CREATE INDEX IF NOT EXISTS events_run ON events (run, id);

        CREATE TABLE IF NOT EXISTS api_keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL,
            revoked_at TEXT);
        CREATE TABLE IF NOT EXISTS protection_keys (name TEXT PRIMARY KEY, xml TEXT NOT NULL);
        """;

    // Of tables that an older program made; a new file has them from the start.
    private static readonly (string Table, string Column, string Definition)[] s_addedColumns =
    [
        ("runs", "origins", "TEXT NOT NULL DEFAULT '[]'"),
        ("runs", "experiment", "TEXT"),
        ("runs", "experiment_key", "TEXT"),
        ("runs", "changes", "INTEGER NOT NULL DEFAULT 0"),
    ];

    /// <summary>Opens <c>state.db</c> in a state folder.</summary>
    /// <exception cref="DatabaseException">A newer program has been at it.</exception>
    public static SqliteFile OpenState(string directory) => new(StateFile(directory), CreateState, durable: true);

    /// <summary>Opens <c>metrics.db</c> in a state folder.</summary>
    public static SqliteFile OpenMetrics(string directory) => new(Path.Combine(directory, "metrics.db"), connection => connection.Execute(Metrics), durable: false);

    /// <summary>The file that makes a folder a state folder.</summary>
    public static string StateFile(string directory) => Path.Combine(directory, "state.db");

    private static void CreateState(SqliteConnection connection)
    {
        var found = connection.Query("PRAGMA user_version", reader => reader.GetInt32(0)).Single();
        if (found > Version)
        {
            throw DatabaseException.Newer($"The file {connection.DataSource}", found, Version);
        }

        connection.Execute(Tables);
        foreach (var (table, column, definition) in s_addedColumns)
        {
            if (connection.Query($"SELECT 1 FROM pragma_table_info('{table}') WHERE name = '{column}'", _ => 1).Count == 0)
            {
                connection.Execute($"ALTER TABLE {table} ADD COLUMN {column} {definition}");
            }
        }

        connection.Execute("CREATE INDEX IF NOT EXISTS runs_experiment ON runs (experiment, seq)");
        connection.Execute($"PRAGMA user_version = {Version}");
    }
}
