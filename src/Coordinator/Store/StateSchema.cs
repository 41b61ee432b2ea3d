using Microsoft.Data.Sqlite;

namespace Temper.Coordinator.Store;

/// <summary>Tables of <c>state.db</c>: what must not be lost.</summary>
internal static class StateSchema
{
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
            experiment_key TEXT);
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
        """;

    // Of tables that an older program made; a new file has them from the start.
    private static readonly (string Table, string Column, string Definition)[] s_addedColumns =
    [
        ("runs", "origins", "TEXT NOT NULL DEFAULT '[]'"),
        ("runs", "experiment", "TEXT"),
        ("runs", "experiment_key", "TEXT"),
    ];

    /// <summary>Makes what is missing, whatever program made the file.</summary>
    public static void Create(SqliteConnection connection)
    {
        connection.Execute(Tables);
        foreach (var (table, column, definition) in s_addedColumns)
        {
            if (connection.Query($"SELECT 1 FROM pragma_table_info('{table}') WHERE name = '{column}'", _ => 1).Count == 0)
            {
                connection.Execute($"ALTER TABLE {table} ADD COLUMN {column} {definition}");
            }
        }

        connection.Execute("CREATE INDEX IF NOT EXISTS runs_experiment ON runs (experiment, seq)");
    }
}
