using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Temper.Worker.Collectives;

/// <summary>
/// The first half of a rendezvous: a port that the lower neighbour will connect to. It is open before its address is published,
/// so a neighbour that is refused knows that this process is gone. One listener serves one <see cref="RingCollective.Connect"/>, which closes it.
/// </summary>
public sealed class RingListener : IDisposable
{
    // Strangers queue here too: room for many, so that they do not crowd out the neighbour.
    private const int Backlog = 128;

    private RingListener(Socket socket, string host)
    {
        Socket = socket;
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        Address = host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}")
            : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
    }

    /// <summary>What to publish: <c>host:port</c>, or <c>[host]:port</c> for an IPv6 address.</summary>
    public string Address { get; }

    internal Socket Socket { get; }

    /// <summary>Listens on a free port.</summary>
    /// <param name="bind">The address to listen on; <see cref="IPAddress.Any"/> for all interfaces.</param>
    /// <param name="advertisedHost">The name or address by which the other hosts reach this one; <paramref name="bind"/> where it is left out.</param>
    public static RingListener Open(IPAddress bind, string? advertisedHost = null)
    {
        ArgumentNullException.ThrowIfNull(bind);
        if (advertisedHost is null && (bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any)))
        {
            throw new ArgumentException(
                $"{bind} stands for every interface and nobody can connect to it: say which host name or address to advertise.", nameof(advertisedHost));
        }

        var socket = new Socket(bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(bind, 0));
            socket.Listen(Backlog);
            socket.Blocking = false;
            return new RingListener(socket, advertisedHost ?? bind.ToString());
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Socket.Dispose();
}
