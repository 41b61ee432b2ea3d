using System.Data.Common;

namespace Temper.Coordinator.Store;

/// <summary>
/// A database that stores keep their rows in. Their queries are written once, in the SQL that SQLite and PostgreSQL have in common; where the two
/// differ is said here.
/// </summary>
internal interface IDatabase : IDisposable
{
    /// <summary>Something was told (<see cref="Notices"/>), by this coordinator or by another one on the same database.</summary>
    event Action<string>? NoticeReceived;

    /// <summary>SQL for the order in which rows were made.</summary>
    string RowOrder { get; }

    /// <summary>SQL for a number in a column of JSON text.</summary>
    string Number(string column, string field);

    /// <summary>Runs <paramref name="write"/> in a transaction of its own; the task ends when it is committed.</summary>
    /// <param name="lockName">
    /// What the write must be alone with: writes of the same name, of whichever coordinator, run one after the other, and the next one sees what the
    /// last one committed. Null for one that may meet any other.
    /// </param>
    /// <param name="write">The statements.</param>
    /// <param name="notice">What all coordinators are told once it is committed.</param>
    Task<T> WriteAsync<T>(string? lockName, Func<DbConnection, Task<T>> write, string? notice = null);

    /// <summary>Reads what is committed.</summary>
    Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read);

    /// <summary>Reads on the calling thread, for work that has one of its own.</summary>
    T Read<T>(Func<DbConnection, Task<T>> read);

    /// <summary>Tells all coordinators on this database something that needs no writing.</summary>
    Task TellAsync(string notice);

    /// <summary>Whether <paramref name="holder"/> may do now what only one coordinator at a time does. Asked again and again, it goes on holding it.</summary>
    Task<bool> LeadAsync(string holder);

    /// <summary>Lets another coordinator lead at once.</summary>
    Task ResignAsync(string holder);
}

/// <summary>What coordinators tell each other through their database: that it is worth looking again. Nothing depends on one being heard.</summary>
internal static class Notices
{
    /// <summary>There are new events.</summary>
    public const string Events = "events";

    /// <summary>There is something to reconcile.</summary>
    public const string Reconcile = "reconcile";
}
