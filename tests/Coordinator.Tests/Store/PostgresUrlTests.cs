using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Tests.Store;

public class PostgresUrlTests
{
    [Theory]
    [InlineData("postgresql://u:p@db/name", "postgresql://u@db:5432/name")]
    [InlineData("postgres://u:p%40%2F%3A@db.example:6543/name", "postgresql://u@db.example:6543/name")]
    [InlineData("postgresql://u@[::1]:7/n", "postgresql://u@[::1]:7/n")]
    [InlineData("postgresql://u:p@db/name?sslmode=verify-full&sslrootcert=%2Fca.pem", "postgresql://u@db:5432/name")]
    public void An_address_is_shown_without_its_password(string text, string shown)
    {
        var url = PostgresUrl.Parse(text);
        Assert.Equal(shown, url.ToString());
        var options = new CoordinatorOptions { StateDirectory = "/s", OutputRoot = "/o", DataRoots = [], AgentToken = "t", Database = url, AdminKey = "an-admins-secret" };
        Assert.Equal($"coordinator at http://127.0.0.1:0, state in {shown}, cluster temper", options.ToString());
    }

    [Theory]
    [InlineData("nonsense-secret", "is not the address of a database")]
    [InlineData("Host=db;Password=secret", "is not the address of a database")]
    [InlineData("mysql://u:secret@db/name", "is not the address of a database")]
    [InlineData("postgresql://u:secret@/name", "is not the address of a database")]
    [InlineData("postgresql://db/name", "lacks the user")]
    [InlineData("postgresql://u:secret@db", "lacks the name of one database")]
    [InlineData("postgresql://u:secret@db/a/b", "lacks the name of one database")]
    [InlineData("postgresql://u:secret@db/name?sslmode=secret", "has a wrong sslmode")]
    [InlineData("postgresql://u:secret@db/name?pool=secret", "has an option that is not known here")]
    public void What_is_no_address_is_refused_without_being_repeated(string text, string why)
    {
        var refusal = Assert.Throws<DatabaseException>(() => PostgresUrl.Parse(text));
        Assert.StartsWith($"TEMPER_DATABASE {why}", refusal.Message);
        Assert.DoesNotContain("secret", refusal.ToString());
    }
}
