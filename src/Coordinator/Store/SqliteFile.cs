using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Temper.Coordinator.Store;

/// <summary>
/// One SQLite file in WAL mode. All writes run one after the other on a thread of this file's own, since SQLite has one writer and
/// its asynchronous calls block; reads run on pooled connections beside it.
/// </summary>
internal sealed class SqliteFile : IDatabase
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly SqliteConnection _writer;
    private readonly Thread _thread;

    public SqliteFile(string path, Action<SqliteConnection> create, bool durable)
    {
        ConnectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = true }.ToString();
        _writer = new SqliteConnection(ConnectionString);
        try
        {
            _writer.Open();
            // FULL: a commit is on the disk before the call returns, so that an answer given after it survives a loss of power.
            _writer.Execute($"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(durable ? "FULL" : "NORMAL")};");
            create(_writer);
        }
        catch
        {
            _writer.Dispose();
            throw;
        }

        _thread = new Thread(Work) { IsBackground = true, Name = $"sqlite {Path.GetFileName(path)}" };
        _thread.Start();
    }

    public event Action<string>? NoticeReceived;

    public string ConnectionString { get; }

    public string RowOrder => "rowid";

    public string Number(string column, string field) => $"json_extract({column}, '$.{field}')";

    // All writes share one lock here, whatever its name.
    public async Task<T> WriteAsync<T>(string? lockName, Func<DbConnection, Task<T>> write, string? notice = null)
    {
        var result = await OnWriterThread(() =>
        {
            using var transaction = _writer.BeginTransaction(deferred: false);
            var written = write(_writer).GetAwaiter().GetResult();
            transaction.Commit();
            return written;
        }).ConfigureAwait(false);
        if (notice is not null)
        {
            NoticeReceived?.Invoke(notice);
        }

        return result;
    }

    /// <summary>Runs <paramref name="work"/> one at a time with the writes, for writers that bring a connection of their own.</summary>
    public Task<T> OnWriterThread<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    public Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read) => Task.Run(() => Read(read));

    public T Read<T>(Func<DbConnection, Task<T>> read)
    {
        using var connection = new SqliteConnection(ConnectionString);
        connection.Open();
        return read(connection).GetAwaiter().GetResult();
    }

    public Task TellAsync(string notice)
    {
        NoticeReceived?.Invoke(notice);
        return Task.CompletedTask;
    }

    // The state folder has one coordinator at a time.
    public Task<bool> LeadAsync(string holder) => Task.FromResult(true);

    public Task ResignAsync(string holder) => Task.CompletedTask;

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _writer.Dispose();
        SqliteConnection.ClearPool(_writer);
        _work.Dispose();
    }

    private void Work()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
