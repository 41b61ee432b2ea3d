using System.Net;
using Orleans.Configuration;
using Temper.Coordinator.Agents;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Hosting;

/// <summary>This process as a silo: its name and addresses, and calls from outside guarded. Membership and storage are those of its backend.</summary>
internal static class SiloSetup
{
    public const string ServiceId = "temper";

    public static void Configure(ISiloBuilder silo, CoordinatorOptions options, StateBackend backend, IPEndPoint siloEndPoint, IPEndPoint gateway)
    {
        backend.Configure(silo, siloEndPoint);
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
        silo.AddOutgoingGrainCallFilter<SiloTokenStamp>();
        silo.AddIncomingGrainCallFilter<IncomingGuard>();
    }
}
