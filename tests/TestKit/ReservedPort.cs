using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Temper.TestKit;

/// <summary>
/// A loopback port for servers of one test: bound here, without being listened on, so that Linux gives it to nobody who asks for any port, for a
/// listener or for a connection, before the server listens, between its restarts, or instead of it.
/// </summary>
public sealed class ReservedPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ReservedPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public int Number => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>The number.</summary>
    public override string ToString() => Number.ToString(CultureInfo.InvariantCulture);

    public void Dispose() => _socket.Dispose();
}
