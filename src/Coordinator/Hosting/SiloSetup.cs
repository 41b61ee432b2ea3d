using System.Data.Common;
using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Storage;
using Temper.Coordinator.Agents;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Hosting;

/// <summary>The one silo: no membership database, state in SQLite, calls from outside guarded.</summary>
internal static class SiloSetup
{
    public const string ServiceId = "temper";

    // Orleans accepts SQLite under the name of the older driver only.
    private const string Invariant = "System.Data.SQLite";

    public static void Configure(ISiloBuilder silo, CoordinatorOptions options, string stateConnection, IPEndPoint siloEndPoint, IPEndPoint gateway)
    {
        DbProviderFactories.RegisterFactory(Invariant, SqliteFactory.Instance);
        silo.UseDevelopmentClustering(siloEndPoint);
        silo.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = options.ClusterId;
            cluster.ServiceId = ServiceId;
        });
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = siloEndPoint.Address;
            endpoints.SiloPort = siloEndPoint.Port;
            endpoints.GatewayPort = gateway.Port;
            endpoints.SiloListeningEndpoint = siloEndPoint;
            endpoints.GatewayListeningEndpoint = gateway;
        });
        // Agents come back by themselves: a stop need not wait for them to leave.
        silo.Configure<SiloMessagingOptions>(messaging => messaging.ClientGatewayShutdownNotificationTimeout = TimeSpan.Zero);
        silo.AddAdoNetGrainStorage(SqliteGrainStorage.InnerName, storage =>
        {
            storage.Invariant = Invariant;
            storage.ConnectionString = stateConnection;
            storage.GrainStorageSerializer = new StateSerializer();
        });
        silo.Services.AddKeyedSingleton<IGrainStorage>(SqliteGrainStorage.Name, (services, _) => SqliteGrainStorage.Create(services));
        silo.AddOutgoingGrainCallFilter<OutgoingMark>();
        silo.AddIncomingGrainCallFilter<IncomingGuard>();
    }
}
