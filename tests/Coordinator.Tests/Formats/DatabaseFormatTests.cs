using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Formats;

/// <summary>The tables, what their columns hold, and the names under which grains find their state again.</summary>
[Trait("kind", "integration")]
public sealed class DatabaseFormatTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-formats-").FullName;
    private readonly Filled _filled = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Rows_of_both_files_are_written_as_ever()
    {
        using var state = SqliteSchema.OpenState(_folder);
        using var metrics = SqliteSchema.OpenMetrics(_folder);
        var (experiment, spec) = (_filled.Of<ExperimentRecord>(), SpecJson.Write(_filled.Of<RunSpec>()));
        var member = _filled.Of<RunRow>() with { Id = "member", Spec = spec, OutputDirectory = "/out/member" };
        var alone = _filled.Of<RunRow>() with { Id = "alone", Spec = spec, OutputDirectory = "/alone", Experiment = null };
        await new ExperimentStore(state).InsertAsync(
            experiment with { Spec = experiment.Spec with { Name = "study" }, OutputDirectory = "/out" },
            _filled.Of<ExperimentStatus>(),
            [(member, _filled.Of<RunStatus>() with { Id = "member", OutputDirectory = "/out/member" })],
            "key",
            "hash");
        var runs = new RunStore(state);
        await runs.InsertAsync(alone, _filled.Of<RunStatus>() with { Id = "alone", OutputDirectory = "/alone" }, null, null);
        await runs.SaveAsync(_filled.Of<RunStatus>() with { Id = "alone", OutputDirectory = "/alone" }, 3, [_filled.Of<RunEventRow>() with { Data = "{}" }]);
        await new MetricStore(metrics).SaveAsync("alone", 2, [_filled.Of<StepRow>()], [_filled.Of<EvaluationRow>()]);

        var text = new StringBuilder();
        foreach (var (file, tables) in new[] { (state, new[] { "experiments", "runs", "events" }), (metrics, ["steps", "evaluations"]) })
        {
            foreach (var table in tables)
            {
                await file.ReadAsync(connection => Task.FromResult(Append(text, table, connection)));
            }
        }

        FormatFile.Is("database-rows.txt", text.ToString());
    }

    [Fact]
    public async Task Grains_find_their_state_under_the_same_names()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var run = (await coordinator.SubmitAsync()).Id;
        var experiment = (await coordinator.SubmitExperimentAsync()).Id;
        using (await coordinator.PostAsync($"/api/v1/runs/{run}/cancel"))
        using (await coordinator.PostAsync($"/api/v1/experiments/{experiment}/cancel"))
        {
        }

        using var connection = new SqliteConnection($"Data Source={SqliteSchema.StateFile(coordinator.StateDirectory)}");
        connection.Open();
        var names = connection.Query(
            "SELECT DISTINCT GrainTypeString, GrainTypeHash, GrainIdN0, GrainIdN1, ServiceId FROM OrleansStorage ORDER BY 1",
            reader => string.Join(' ', Enumerable.Range(0, 5).Select(i => Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));

        FormatFile.Is("grain-names.txt", string.Join('\n', names));
    }

    [Fact]
    public async Task The_tables_of_SQLite()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var files = new[] { "state.db", "metrics.db" }.Select(file =>
        {
            using var connection = new SqliteConnection($"Data Source={Path.Combine(coordinator.StateDirectory, file)}");
            connection.Open();
            var columns = connection.Query(
                """
                SELECT tables.name, columns.name, columns.type, columns."notnull", columns.pk, columns.dflt_value
                FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
                WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY tables.name, columns.cid
                """,
                reader => $"{reader.GetString(0)}.{reader.GetString(1)} {reader.GetString(2)}{(reader.GetInt32(3) == 1 ? " not null" : "")}{(reader.GetInt32(4) > 0 ? $" key {reader.GetInt32(4)}" : "")}{(reader.IsDBNull(5) ? "" : $" default {reader.GetString(5)}")}");
            return $"-- {file}, version {connection.Query("PRAGMA user_version", reader => reader.GetInt32(0)).Single()}\n{string.Join('\n', columns)}\n";
        }).ToList();

        FormatFile.Is("sqlite-tables.txt", string.Join('\n', files));
    }

    [Fact]
    public async Task The_tables_of_PostgreSQL()
    {
        var database = PostgresServer.Shared.NewDatabase();
        await using var coordinator = new CoordinatorUnderTest { Database = PostgresUrl.Parse(database) };
        await coordinator.StartAsync();

        FormatFile.Is("postgres-tables.txt", PostgresServer.Shared.Query(
            database,
            """
            SELECT concat(table_name, '.', column_name, ' ', data_type, CASE is_nullable WHEN 'NO' THEN ' not null' END, ' default ' || column_default)
            FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
            """));
    }

    private static StringBuilder Append(StringBuilder text, string table, DbConnection connection)
    {
        foreach (var row in connection.Query($"SELECT * FROM {table} ORDER BY 1", reader => Enumerable.Range(0, reader.FieldCount).Select(i => (Name: reader.GetName(i), Value: reader.GetValue(i))).ToList()))
        {
            text.Append(CultureInfo.InvariantCulture, $"{table}\n");
            foreach (var (name, value) in row)
            {
                var written = Convert.ToString(value, CultureInfo.InvariantCulture)!;
                text.Append(CultureInfo.InvariantCulture, $"  {name}: {(written.StartsWith('{') || written.StartsWith('[') ? FormatFile.Readable(written).ReplaceLineEndings("\n    ") : written)}\n");
            }
        }

        return text;
    }
}
