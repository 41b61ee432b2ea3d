using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Temper.Coordinator.Store;

/// <summary>
/// One SQLite file in WAL mode. All writes run one after the other on a thread of this file's own, since SQLite has one writer and
/// its asynchronous calls block; reads run on pooled connections beside it.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly SqliteConnection _writer;
    private readonly Thread _thread;

    public SqliteFile(string path, Action<SqliteConnection> create, bool durable)
    {
        ConnectionString = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = true }.ToString();
        _writer = new SqliteConnection(ConnectionString);
        _writer.Open();
        // FULL: a commit is on the disk before the call returns, so that an answer given after it survives a loss of power.
        _writer.Execute($"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(durable ? "FULL" : "NORMAL")};");
        create(_writer);
        _thread = new Thread(Work) { IsBackground = true, Name = $"sqlite {Path.GetFileName(path)}" };
        _thread.Start();
    }

    public string ConnectionString { get; }

    /// <summary>Runs <paramref name="write"/> in a transaction of its own; the task ends when it is committed.</summary>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> write) => OnWriterThread(() =>
    {
        using var transaction = _writer.BeginTransaction(deferred: false);
        var result = write(_writer);
        transaction.Commit();
        return result;
    });

    public Task WriteAsync(Action<SqliteConnection> write) => WriteAsync(connection =>
    {
        write(connection);
        return true;
    });

    /// <summary>Runs <paramref name="work"/> in turn with the writes, for writers that bring a connection of their own.</summary>
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

    public Task<T> ReadAsync<T>(Func<SqliteConnection, T> read) => Task.Run(() => Read(read));

    /// <summary>Reads on the calling thread, for work that has one of its own.</summary>
    public T Read<T>(Func<SqliteConnection, T> read)
    {
        using var connection = new SqliteConnection(ConnectionString);
        connection.Open();
        return read(connection);
    }

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
