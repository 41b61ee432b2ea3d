namespace Temper.Coordinator.Store;

/// <summary>Tables of <c>metrics.db</c>: much data, apart from the state so that neither waits for the other.</summary>
internal static class MetricSchema
{
    public const string Sql = """
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
}
