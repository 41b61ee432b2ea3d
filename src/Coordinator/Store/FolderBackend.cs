using System.Data.Common;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>A state folder with two SQLite files, for one coordinator: no membership database, and no gateway but its own.</summary>
internal sealed class FolderBackend : StateBackend
{
    // Orleans accepts SQLite under the name of the older driver only.
    private const string Invariant = "System.Data.SQLite";

    private readonly StateFolder _folder;
    private readonly SqliteFile _state;
    private readonly SqliteFile _metrics;

    /// <summary>Opens the files of the state folder. Where they are those of the one run or experiment that the output root is for, they follow it to where it lies now.</summary>
    public FolderBackend(CoordinatorOptions options)
    {
        var directory = options.StateDirectory;
        _folder = new StateFolder(directory);
        try
        {
            _state = SqliteSchema.OpenState(directory);
            if (options.WritesToRoot)
            {
                _state.WriteAsync(null, connection => MovedFolder.FollowAsync(connection, options.OutputRoot, options.Time.GetUtcNow())).GetAwaiter().GetResult();
            }

            _metrics = SqliteSchema.OpenMetrics(directory);
        }
        catch
        {
            _state?.Dispose();
            _folder.Dispose();
            throw;
        }
    }

    public override IDatabase State => _state;

    public override IDatabase Metrics => _metrics;

    public override string SiloToken { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public override void Configure(ISiloBuilder silo, IPEndPoint siloEndPoint)
    {
        DbProviderFactories.RegisterFactory(Invariant, SqliteFactory.Instance);
        silo.UseDevelopmentClustering(siloEndPoint);
        silo.AddAdoNetGrainStorage(SqliteGrainStorage.InnerName, storage =>
        {
            storage.Invariant = Invariant;
            storage.ConnectionString = _state.ConnectionString;
            storage.GrainStorageSerializer = new StateSerializer();
        });
        silo.Services.AddKeyedSingleton<IGrainStorage>(
            GrainStorage, (services, _) => new SqliteGrainStorage(services.GetRequiredKeyedService<IGrainStorage>(SqliteGrainStorage.InnerName), _state));
    }

    public override Task<IReadOnlyList<IPEndPoint>> GatewaysAsync(string clusterId) => Task.FromResult<IReadOnlyList<IPEndPoint>>([]);

    public override Task ListenAsync(CancellationToken ct) => Task.CompletedTask;

    public override void Dispose()
    {
        _state.Dispose();
        _metrics.Dispose();
        _folder.Dispose();
    }
}
