using Temper.Coordinator.Configuration;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Tests.Store;

/// <summary>The stores in the files of a state folder.</summary>
public sealed class SqliteStoreTests : StoreContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-stores-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_that_a_newer_program_was_at_is_left_alone()
    {
        using (var file = SqliteSchema.OpenState(_folder))
        {
            file.Read(connection => connection.ExecuteAsync("PRAGMA user_version = 99"));
        }

        var refusal = Assert.Throws<DatabaseException>(() => SqliteSchema.OpenState(_folder));
        Assert.Equal($"The file {SqliteSchema.StateFile(_folder)} has tables of version 99, and this program knows them up to 1: a newer temper has been at it. Start that one.", refusal.Message);
    }

    [Fact]
    public void A_file_of_an_older_program_gets_what_it_lacks()
    {
        using (var old = new SqliteFile(SqliteSchema.StateFile(_folder), connection => connection.Execute("CREATE TABLE runs (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, name TEXT, ended INTEGER, phase TEXT)"), durable: true))
        {
            old.Read(connection => connection.ExecuteAsync("INSERT INTO runs (id, ended) VALUES ('old', 1)"));
        }

        using var file = SqliteSchema.OpenState(_folder);
        Assert.Equal(0, file.Read(connection => connection.SingleAsync("SELECT changes FROM runs WHERE id = 'old'", reader => reader.GetInt32(0))));
    }

    private protected override IDatabase Open() => SqliteSchema.OpenState(_folder);

    private protected override IDatabase OpenMetrics() => SqliteSchema.OpenMetrics(_folder);
}
