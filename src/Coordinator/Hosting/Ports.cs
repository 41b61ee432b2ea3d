using System.Net;
using System.Net.Sockets;

namespace Temper.Coordinator.Hosting;

internal static class Ports
{
    /// <summary>Two ports that were free a moment ago; the system does not hand the same ones out again soon.</summary>
    public static (int First, int Second) Free(IPAddress address)
    {
        using var first = new TcpListener(address, 0);
        using var second = new TcpListener(address, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }
}
