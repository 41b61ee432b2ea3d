using System.Net;
using System.Net.Sockets;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Hosting;

/// <summary>
/// Where the silo and its gateway listen: on the ports of the options, or on free ones. A free port is kept bound, without being listened on, for
/// as long as this lives: Linux then gives it to nobody who asks for any port, for a listener or for a connection, while the silo may still bind it.
/// </summary>
internal sealed class ClusterPorts(CoordinatorOptions options) : IDisposable
{
    private readonly List<Socket> _kept = [];

    /// <summary>Where other silos connect to.</summary>
    public IPEndPoint Silo => field ??= Of(options.SiloPort);

    /// <summary>Where agents connect to.</summary>
    public IPEndPoint Gateway => field ??= Of(options.GatewayPort);

    public void Dispose() => _kept.ForEach(socket => socket.Dispose());

    private IPEndPoint Of(int port)
    {
        if (port != 0)
        {
            return new IPEndPoint(options.ClusterAddress, port);
        }

        var socket = new Socket(options.ClusterAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _kept.Add(socket);
        socket.Bind(new IPEndPoint(options.ClusterAddress, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
