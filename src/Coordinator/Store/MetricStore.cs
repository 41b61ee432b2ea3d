using Temper.Contracts.Agents;

namespace Temper.Coordinator.Store;

/// <summary>
/// Step rows and evaluations. What a later epoch makes again replaces what an earlier one made: the key is the step, and the
/// epochs that a run ignores never get here.
/// </summary>
internal sealed class MetricStore(IDatabase database)
{
    public Task SaveAsync(string run, long epoch, IReadOnlyList<StepRow> steps, IReadOnlyList<EvaluationRow> evaluations) => database.WriteAsync(run, async connection =>
    {
        foreach (var row in steps)
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO steps (run, step, epoch, row) VALUES (@run, @step, @epoch, @row)
                ON CONFLICT (run, step) DO UPDATE SET epoch = excluded.epoch, row = excluded.row WHERE excluded.epoch >= steps.epoch
                """,
                ("@run", run), ("@step", row.Step), ("@epoch", epoch), ("@row", ProtocolJson.Write(row))).ConfigureAwait(false);
        }

        foreach (var row in evaluations)
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO evaluations (run, step, task, split, final, epoch, row) VALUES (@run, @step, @task, @split, @final, @epoch, @row)
                ON CONFLICT (run, step, task, split, final) DO UPDATE SET epoch = excluded.epoch, row = excluded.row WHERE excluded.epoch >= evaluations.epoch
                """,
                ("@run", run), ("@step", row.Step), ("@task", row.Task), ("@split", row.Split), ("@final", RunStore.Flag(row.Final)), ("@epoch", epoch), ("@row", ProtocolJson.Write(row))).ConfigureAwait(false);
        }

        return steps.Count + evaluations.Count;
    });

    /// <summary>The last step that <paramref name="epoch"/> of a run reported; null if none.</summary>
    public Task<int?> LastStepAsync(string run, long epoch) => database.ReadAsync(connection => connection.SingleAsync(
        "SELECT MAX(step) FROM steps WHERE run = @run AND epoch = @epoch",
        reader => reader.IsDBNull(0) ? (int?)null : reader.GetInt32(0),
        ("@run", run), ("@epoch", epoch)));

    /// <summary>Floating-point operations and seconds of all steps of a run.</summary>
    public Task<(double Flops, double Seconds)> WorkAsync(string run) => database.ReadAsync(connection => connection.SingleAsync(
        $"SELECT COALESCE(SUM({database.Number("row", "flops")}), 0.0), COALESCE(SUM({database.Number("row", "seconds")}), 0.0) FROM steps WHERE run = @run",
        reader => (reader.GetDouble(0), reader.GetDouble(1)),
        ("@run", run)));

    /// <summary>
    /// Rows of the steps in [from, to]. Of more than <paramref name="most"/> rows every k-th is taken, and the last one: enough for a plot.
    /// </summary>
    public Task<IReadOnlyList<StepRow>> StepsAsync(string run, int from, int to, int most) => database.ReadAsync(connection => connection.QueryAsync(
        """
        SELECT row FROM (
            SELECT row, step, ROW_NUMBER() OVER (ORDER BY step) - 1 AS place, COUNT(*) OVER () AS many
            FROM steps WHERE run = @run AND step BETWEEN @from AND @to) AS numbered
        WHERE many <= @most OR place % ((many + @most - 1) / @most) = 0 OR place = many - 1
        ORDER BY step
        """,
        reader => ProtocolJson.Read<StepRow>(reader.GetString(0)),
        ("@run", run), ("@from", from), ("@to", to), ("@most", most)));

    public Task<IReadOnlyList<EvaluationRow>> EvaluationsAsync(string run) => database.ReadAsync(connection => connection.QueryAsync(
        "SELECT row FROM evaluations WHERE run = @run ORDER BY step, final, task, split",
        reader => ProtocolJson.Read<EvaluationRow>(reader.GetString(0)),
        ("@run", run)));
}
