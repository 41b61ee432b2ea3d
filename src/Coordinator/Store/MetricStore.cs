using Temper.Contracts.Agents;

namespace Temper.Coordinator.Store;

/// <summary>
/// Step rows and evaluations. What a later epoch makes again replaces what an earlier one made: the key is the step, and the
/// epochs that a run ignores never get here.
/// </summary>
internal sealed class MetricStore(string directory) : IDisposable
{
    private readonly SqliteFile _file = new(Path.Combine(directory, "metrics.db"), connection => connection.Execute(MetricSchema.Sql), durable: false);

    public Task SaveAsync(string run, long epoch, IReadOnlyList<StepRow> steps, IReadOnlyList<EvaluationRow> evaluations) => _file.WriteAsync(connection =>
    {
        foreach (var row in steps)
        {
            connection.Execute(
                "INSERT OR REPLACE INTO steps (run, step, epoch, row) VALUES (@run, @step, @epoch, @row)",
                ("@run", run), ("@step", row.Step), ("@epoch", epoch), ("@row", ProtocolJson.Write(row)));
        }

        foreach (var row in evaluations)
        {
            connection.Execute(
                "INSERT OR REPLACE INTO evaluations (run, step, task, split, final, epoch, row) VALUES (@run, @step, @task, @split, @final, @epoch, @row)",
                ("@run", run), ("@step", row.Step), ("@task", row.Task), ("@split", row.Split), ("@final", row.Final), ("@epoch", epoch), ("@row", ProtocolJson.Write(row)));
        }
    });

    /// <summary>The last step that <paramref name="epoch"/> of a run reported; null if none.</summary>
    public Task<int?> LastStepAsync(string run, long epoch) => _file.ReadAsync(connection => connection.Query(
        "SELECT MAX(step) FROM steps WHERE run = @run AND epoch = @epoch",
        reader => reader.IsDBNull(0) ? (int?)null : reader.GetInt32(0),
        ("@run", run), ("@epoch", epoch)).Single());

    /// <summary>Floating-point operations and seconds of all steps of a run.</summary>
    public Task<(double Flops, double Seconds)> WorkAsync(string run) => _file.ReadAsync(connection => connection.Query(
        "SELECT COALESCE(SUM(json_extract(row, '$.flops')), 0.0), COALESCE(SUM(json_extract(row, '$.seconds')), 0.0) FROM steps WHERE run = @run",
        reader => (reader.GetDouble(0), reader.GetDouble(1)),
        ("@run", run)).Single());

    /// <summary>
    /// Rows of the steps in [from, to]. Of more than <paramref name="most"/> rows every k-th is taken, and the last one: enough for a plot.
    /// </summary>
    public Task<IReadOnlyList<StepRow>> StepsAsync(string run, int from, int to, int most) => _file.ReadAsync<IReadOnlyList<StepRow>>(connection => connection.Query(
        """
        SELECT row FROM (
            SELECT row, step, ROW_NUMBER() OVER (ORDER BY step) - 1 AS place, COUNT(*) OVER () AS many
            FROM steps WHERE run = @run AND step BETWEEN @from AND @to)
        WHERE many <= @most OR place % ((many + @most - 1) / @most) = 0 OR place = many - 1
        ORDER BY step
        """,
        reader => ProtocolJson.Read<StepRow>(reader.GetString(0)),
        ("@run", run), ("@from", from), ("@to", to), ("@most", most)));

    public Task<IReadOnlyList<EvaluationRow>> EvaluationsAsync(string run) => _file.ReadAsync<IReadOnlyList<EvaluationRow>>(connection => connection.Query(
        "SELECT row FROM evaluations WHERE run = @run ORDER BY step, final, task, split",
        reader => ProtocolJson.Read<EvaluationRow>(reader.GetString(0)),
        ("@run", run)));

    public void Dispose() => _file.Dispose();
}
