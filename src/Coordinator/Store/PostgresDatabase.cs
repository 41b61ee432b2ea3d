using System.Data.Common;
using Npgsql;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>
/// A PostgreSQL database that several coordinators share. Writes run side by side on pooled connections; those with the same lock name wait for each other
/// in the database, so that it holds among all coordinators.
/// </summary>
internal sealed class PostgresDatabase : IDatabase
{
    private const string Channel = "temper";

    // The clock is the database's, so that those of the coordinators need not agree.
    private const string Lead = """
        INSERT INTO leases (name, holder, until) VALUES ('reconciler', @holder, now() + interval '10 seconds')
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE leases.holder = excluded.holder OR leases.until < now()
        """;

    private static readonly TimeSpan PauseBeforeListeningAgain = TimeSpan.FromSeconds(1);
    private readonly bool _durable;
    private readonly bool _owns;

    private PostgresDatabase(NpgsqlDataSource source, bool durable, bool owns)
    {
        Source = source;
        _durable = durable;
        _owns = owns;
    }

    public event Action<string>? NoticeReceived;

    /// <summary>The connections, which Orleans' providers take theirs from too.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Opens a database and makes or renews its tables.</summary>
    /// <exception cref="DatabaseException">It does not answer, does not let this user in, or is none that this program can use.</exception>
    public static PostgresDatabase Open(PostgresUrl url)
    {
        var source = NpgsqlDataSource.Create(url.ConnectionString);
        try
        {
            using var connection = source.OpenConnection();
            PostgresSchema.Create(connection);
            return new PostgresDatabase(source, durable: true, owns: true);
        }
        catch (Exception e) when (e is DbException or TimeoutException or ArgumentException)
        {
            source.Dispose();
            throw PostgresFailure.Explain(e, url);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>The same database, for rows that a loss of power may take: commits do not wait for the disk.</summary>
    public PostgresDatabase NotDurable() => new(Source, durable: false, owns: false);

    public string RowOrder => "seq";

    public string Number(string column, string field) => $"CAST(CAST({column} AS json) ->> '{field}' AS double precision)";

    public async Task<T> WriteAsync<T>(string? lockName, Func<DbConnection, Task<T>> write, string? notice = null)
    {
        var connection = await Source.OpenConnectionAsync().ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var transaction = await connection.BeginTransactionAsync().ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                if (!_durable)
                {
                    await connection.ExecuteAsync("SET LOCAL synchronous_commit TO off").ConfigureAwait(false);
                }

                if (lockName is not null)
                {
                    // Given back after the commit can be seen: whoever comes next sees it, and draws higher numbers from every sequence.
                    await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended(@lockName, 0))", ("@lockName", lockName)).ConfigureAwait(false);
                }

                var result = await write(connection).ConfigureAwait(false);
                if (notice is not null)
                {
                    await NotifyAsync(connection, notice).ConfigureAwait(false);
                }

                await transaction.CommitAsync().ConfigureAwait(false);
                return result;
            }
        }
    }

    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read)
    {
        var connection = await Source.OpenConnectionAsync().ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await read(connection).ConfigureAwait(false);
        }
    }

    public T Read<T>(Func<DbConnection, Task<T>> read) => ReadAsync(read).GetAwaiter().GetResult();

    public Task TellAsync(string notice) => WriteAsync(null, connection => NotifyAsync(connection, notice));

    public async Task<bool> LeadAsync(string holder) =>
        await WriteAsync(null, connection => connection.ExecuteAsync(Lead, ("@holder", holder))).ConfigureAwait(false) > 0;

    public Task ResignAsync(string holder) =>
        WriteAsync(null, connection => connection.ExecuteAsync("DELETE FROM leases WHERE name = 'reconciler' AND holder = @holder", ("@holder", holder)));

    /// <summary>Hears what coordinators tell each other, until <paramref name="ct"/> is cancelled.</summary>
    public async Task ListenAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var connection = await Source.OpenConnectionAsync(ct).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    connection.Notification += (_, told) => NoticeReceived?.Invoke(told.Payload);
                    await connection.ExecuteAsync($"LISTEN {Channel}").ConfigureAwait(false);
                    // Whatever was told before is missed.
                    NoticeReceived?.Invoke(Notices.Events);
                    while (true)
                    {
                        await connection.WaitAsync(ct).ConfigureAwait(false);
                    }
                }
            }
            catch (Exception e) when (e is DbException or TimeoutException or OperationCanceledException or InvalidOperationException)
            {
                // The server is away, which everything else says too; those who wait for a notice look now and then without one.
                await Task.Delay(PauseBeforeListeningAgain, TimeProvider.System, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Dispose()
    {
        if (_owns)
        {
            Source.Dispose();
        }
    }

    private static Task<int> NotifyAsync(DbConnection connection, string notice) =>
        connection.ExecuteAsync("SELECT pg_notify(@channel, @notice)", ("@channel", Channel), ("@notice", notice));
}
