using Temper.Coordinator.Configuration;
using Temper.Coordinator.Store;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Store;

/// <summary>The stores in a real PostgreSQL database.</summary>
public sealed class PostgresStoreTests : StoreContract
{
    private readonly PostgresServer _server = PostgresServer.Shared;
    private readonly string _url;

    public PostgresStoreTests() => _url = _server.NewDatabase();

    [Fact]
    public async Task Coordinators_that_start_at_once_make_the_tables_once()
    {
        var marks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            using var home = new PostgresBackend(PostgresUrl.Parse(_url));
            return home.SiloToken;
        })));

        Assert.Equal(44, Assert.Single(marks.Distinct()).Length);
        Assert.Equal("1", _server.Query(_url, "SELECT version FROM temper_schema"));
    }

    [Fact]
    public void Another_database_has_another_mark()
    {
        using var one = new PostgresBackend(PostgresUrl.Parse(_url));
        using var two = new PostgresBackend(PostgresUrl.Parse(_server.NewDatabase()));
        Assert.NotEqual(one.SiloToken, two.SiloToken);
        Assert.NotEqual("coordinator-agent-token", one.SiloToken);
    }

    [Fact]
    public void A_database_that_a_newer_program_was_at_is_left_alone()
    {
        Open().Dispose();
        _server.Query(_url, "UPDATE temper_schema SET version = 99");

        var refusal = Assert.Throws<DatabaseException>(() => Open());
        Assert.Contains("has tables of version 99, and this program knows them up to 1: a newer temper has been at it. Start that one.", refusal.Message);
    }

    [Fact]
    public async Task One_coordinator_leads_until_it_resigns_or_falls_silent()
    {
        using var one = Open();
        using var two = Open();
        Assert.True(await one.LeadAsync("one"));
        Assert.False(await two.LeadAsync("two"));
        Assert.True(await one.LeadAsync("one"));
        await two.ResignAsync("two");
        Assert.False(await two.LeadAsync("two"));

        await one.ResignAsync("one");
        Assert.True(await two.LeadAsync("two"));
        Assert.False(await one.LeadAsync("one"));
        _server.Query(_url, "UPDATE leases SET until = until - interval '10 seconds'");
        Assert.True(await one.LeadAsync("one"));
        Assert.False(await two.LeadAsync("two"));
    }

    [Fact]
    public async Task What_one_coordinator_tells_another_one_hears()
    {
        using var one = Open();
        using var two = PostgresDatabase.Open(PostgresUrl.Parse(_url));
        using var stop = new CancellationTokenSource();
        var heard = new TaskCompletionSource();
        var listens = new TaskCompletionSource();
        two.NoticeReceived += notice => (notice == Notices.Reconcile ? heard : listens).TrySetResult();
        var listening = two.ListenAsync(stop.Token);
        await listens.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await one.TellAsync(Notices.Reconcile);
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await listening;
    }

    [Fact]
    public void What_is_wrong_is_said_in_one_line_with_the_remedy_and_without_the_password()
    {
        Open().Dispose();
        var name = _url[(_url.LastIndexOf('/') + 1)..];
        using var closed = new ReservedPort();
        Says(_server.Url(name, password: "s3cret-of-tests"), "does not let 'temper' in: user or password are wrong", "Correct TEMPER_DATABASE.");
        Says(_server.Url(name, user: "nobody", password: "s3cret-of-tests"), "does not let 'nobody' in", "Correct TEMPER_DATABASE.");
        Says(_server.Url("nosuch"), "There is no database 'nosuch'", "CREATE DATABASE");
        Says(_server.Url(name, password: "s3cret-of-tests", port: closed.Number), $"@127.0.0.1:{closed}/{name} does not answer", "See that the server runs");
        _server.Query(_url, "CREATE ROLE guest LOGIN PASSWORD 's3cret-of-tests'");
        Says(_server.Url(name, user: "guest", password: "s3cret-of-tests"), "The user 'guest' may not make tables", "grant it CREATE on the schema public");

        static void Says(string url, params string[] words)
        {
            var refusal = Assert.Throws<DatabaseException>(() => PostgresDatabase.Open(PostgresUrl.Parse(url)));
            Assert.All(words, word => Assert.Contains(word, refusal.Message));
            Assert.DoesNotContain('\n', refusal.Message);
            Assert.DoesNotContain("s3cret", refusal.ToString());
        }
    }

    private protected override IDatabase Open() => PostgresDatabase.Open(PostgresUrl.Parse(_url));
}
