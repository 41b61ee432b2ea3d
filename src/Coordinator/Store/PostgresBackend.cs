using System.Net;
using Orleans.Configuration;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>A PostgreSQL database that any number of coordinators share: they are the silos of one cluster.</summary>
internal sealed class PostgresBackend : StateBackend
{
    private const string Invariant = "Npgsql";

    // A silo asks the others each four seconds and doubts one that has not answered three times; two silos that doubt it, or half of those that live, declare it dead.
    // So a killed one is replaced within 10 to 20 seconds, and one that only stands still for a few, collecting garbage say, is not. The silo would ask twice as
    // often where answers come fast, and then ten seconds of a busy machine were a death.
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(5);
    private const int MissedProbes = 3;

    // Whoever starts asks every silo that counts as living for an answer. After a crash of all, the rows of the dead ones would make it wait: they count no
    // longer once they were not renewed for fifteen seconds.
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(5);
    private const int MissedSignsOfLife = 3;

    private readonly PostgresDatabase _database;

    public PostgresBackend(PostgresUrl url)
    {
        _database = PostgresDatabase.Open(url);
        Metrics = _database.NotDurable();
        SiloToken = _database.Read(connection => connection.SingleAsync("SELECT value FROM secrets WHERE name = 'inside'", reader => reader.GetString(0)))!;
    }

    public override IDatabase State => _database;

    public override IDatabase Metrics { get; }

    public override string SiloToken { get; }

    public override void Configure(ISiloBuilder silo, IPEndPoint siloEndPoint)
    {
        silo.UseAdoNetClustering(clustering =>
        {
            clustering.Invariant = Invariant;
            clustering.DataSource = _database.Source;
        });
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = Probe;
            membership.MinProbeTimeout = Probe;
            membership.MaxProbeTimeout = LongestProbe;
            membership.NumMissedProbesLimit = MissedProbes;
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            membership.IAmAliveTablePublishTimeout = SignOfLife;
            membership.NumMissedTableIAmAliveLimit = MissedSignsOfLife;
        });
        silo.AddAdoNetGrainStorage(GrainStorage, storage =>
        {
            storage.Invariant = Invariant;
            storage.DataSource = _database.Source;
            storage.GrainStorageSerializer = new StateSerializer();
        });
    }

    public override Task<IReadOnlyList<IPEndPoint>> GatewaysAsync(string clusterId) => _database.ReadAsync(connection => connection.QueryAsync(
        "SELECT address, proxyport FROM silos WHERE cluster = @cluster AND status = @active AND proxyport > 0 ORDER BY starttime",
        reader => new IPEndPoint(IPAddress.Parse(reader.GetString(0)), reader.GetInt32(1)),
        ("@cluster", clusterId), ("@active", (int)SiloStatus.Active)));

    public override Task ListenAsync(CancellationToken ct) => _database.ListenAsync(ct);

    public override void Dispose() => _database.Dispose();
}
