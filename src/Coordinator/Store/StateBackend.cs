using System.Net;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>Where a coordinator's state lives, opened: a folder of its own, or a database that it shares with others.</summary>
internal abstract class StateBackend : IDisposable
{
    /// <summary>Name under which grains ask for their storage.</summary>
    public const string GrainStorage = "runs";

    /// <summary>What must not be lost.</summary>
    public abstract IDatabase State { get; }

    /// <summary>Metric series.</summary>
    public abstract IDatabase Metrics { get; }

    /// <summary>What calls between grains carry, so that none from outside passes for one: known to all silos of the cluster and to nobody else.</summary>
    public abstract string SiloToken { get; }

    /// <summary>Opens what the options name.</summary>
    /// <exception cref="InvalidOperationException">Another coordinator has the folder.</exception>
    /// <exception cref="DatabaseException">The database cannot be used.</exception>
    public static StateBackend Open(CoordinatorOptions options) =>
        options.Database is { } url ? new PostgresBackend(url) : new FolderBackend(options);

    /// <summary>Makes the silo find the others of its cluster, and grains their state.</summary>
    public abstract void Configure(ISiloBuilder silo, IPEndPoint siloEndPoint);

    /// <summary>The gateways of all living silos of a cluster that are known to the database; with a folder, whose coordinator is alone, none.</summary>
    public abstract Task<IReadOnlyList<IPEndPoint>> GatewaysAsync(string clusterId);

    /// <summary>Hears what other coordinators tell, until cancelled.</summary>
    public abstract Task ListenAsync(CancellationToken ct);

    public abstract void Dispose();
}
