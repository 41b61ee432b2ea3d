using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Temper.Worker.Collectives;

/// <summary>
/// Brings a rank together with its neighbours: connects to the higher one, accepts the lower one. Both go on at once, and any number of
/// strangers beside them, each of whom has a few seconds to say something sensible.
/// </summary>
internal sealed class RingConnector(RingListener listener, int rank, IReadOnlyList<string> addresses, RingTerms terms, TimeSpan timeout) : IDisposable
{
    private const int MaxCandidates = 64;
    private static readonly TimeSpan CandidateTimeout = TimeSpan.FromSeconds(5);

    // Cancellation is looked at this often; nothing else depends on it.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    private readonly Deadline _deadline = Deadline.After(timeout);
    private readonly List<(Handshake Handshake, Deadline Deadline)> _candidates = [];
    private readonly List<Socket> _readable = [];
    private Handshake? _outgoing;
    private LinkFailure? _lastStranger;
    private Link? _left;
    private Link? _right;

    /// <summary>The links to the lower and the higher neighbour; null at the ends of the row.</summary>
    public (Link? Left, Link? Right) Connect(CancellationToken ct)
    {
        var needsLeft = rank > 0;
        var needsRight = rank < addresses.Count - 1;
        if (needsRight)
        {
            var handshake = new RightHandshake(Connect(addresses[rank + 1], ct), terms, rank, addresses[rank + 1]);
            _outgoing = handshake;
            handshake.SayHello();
        }

        while ((needsLeft && _left is null) || (needsRight && _right is null))
        {
            ct.ThrowIfCancellationRequested();
            ThrowIfLate(needsLeft && _left is null ? rank - 1 : rank + 1);
            Wait(needsLeft && _left is null);
            AdvanceOutgoing();
            AdvanceCandidates();
        }

        var links = (_left, _right);
        (_left, _right) = (null, null);
        return links;
    }

    public void Dispose()
    {
        _left?.Dispose();
        _right?.Dispose();
        _outgoing?.Dispose();
        _candidates.ForEach(candidate => candidate.Handshake.Dispose());
    }

    private Socket Connect(string address, CancellationToken ct)
    {
        SocketException? last = null;
        foreach (var endPoint in Resolve(address, ct))
        {
            var socket = Prepare(new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            try
            {
                StartConnect(socket, endPoint);
                while (!socket.Poll(_deadline.Microseconds(Slice), SelectMode.SelectWrite))
                {
                    ct.ThrowIfCancellationRequested();
                    ThrowIfLate(rank + 1);
                }

                var error = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
                if (error == 0)
                {
                    return socket;
                }

                last = new SocketException(error);
            }
            catch (SocketException exception)
            {
                last = exception;
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            socket.Dispose();
        }

        throw new LinkFailure(
            FailureCause.Closed,
            rank + 1,
            $"rank {rank + 1} cannot be reached at {address} ({last?.SocketErrorCode}); its listener was open when it published that address");
    }

    private static void StartConnect(Socket socket, EndPoint endPoint)
    {
        try
        {
            socket.Connect(endPoint);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
    }

    private IEnumerable<IPEndPoint> Resolve(string address, CancellationToken ct)
    {
        // TryParse takes a bare IPv6 address for one with port 0, and a port is never 0 here.
        if (IPEndPoint.TryParse(address, out var literal) && literal.Port != 0)
        {
            return [literal];
        }

        var colon = address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            throw new ArgumentException($"Rank {rank + 1} has the address '{address}'; expected host:port.");
        }

        var host = address[..colon];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(timeout);
        try
        {
            return [.. Dns.GetHostAddressesAsync(host, limit.Token).GetAwaiter().GetResult().Select(ip => new IPEndPoint(ip, port))];
        }
        catch (SocketException exception)
        {
            throw new LinkFailure(
                FailureCause.Closed, rank + 1, $"rank {rank + 1} published the host name '{host}', which does not resolve here ({exception.SocketErrorCode})");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new LinkFailure(
                FailureCause.Silent, rank + 1, $"rank {rank + 1} published the host name '{host}', which did not resolve within {timeout}");
        }
    }

    private void Wait(bool accepts)
    {
        _readable.Clear();
        if (accepts)
        {
            _readable.Add(listener.Socket);
            _readable.AddRange(_candidates.Select(candidate => candidate.Handshake.Socket));
        }

        if (_outgoing is not null)
        {
            _readable.Add(_outgoing.Socket);
        }

        Socket.Select(_readable, null, null, _deadline.Microseconds(Slice));
        if (accepts && _readable.Contains(listener.Socket))
        {
            Accept();
        }
    }

    private void Accept()
    {
        Socket socket;
        try
        {
            socket = listener.Socket.Accept();
        }
        catch (SocketException)
        {
            // Whoever it was has gone again between the wait and here.
            return;
        }

        if (_candidates.Count == MaxCandidates)
        {
            _candidates[0].Handshake.Dispose();
            _candidates.RemoveAt(0);
        }

        _candidates.Add((new LeftHandshake(Prepare(socket), terms, rank), Deadline.After(CandidateTimeout)));
    }

    private void AdvanceOutgoing()
    {
        if (_outgoing is not null && _outgoing.Advance())
        {
            _right = new Link(_outgoing.Socket, rank + 1);
            _outgoing = null;
        }
    }

    private void AdvanceCandidates()
    {
        for (var i = _candidates.Count - 1; i >= 0; i--)
        {
            var (handshake, deadline) = _candidates[i];
            if (TryAdvance(handshake, deadline) is not { } isTrusted)
            {
                handshake.Dispose();
                _candidates.RemoveAt(i);
            }
            else if (isTrusted && _left is null)
            {
                _left = new Link(handshake.Socket, rank - 1);
                _candidates.RemoveAt(i);
            }
        }
    }

    /// <summary>Whether the candidate is trusted by now; null for a stranger, whose failure is nobody else's business.</summary>
    private bool? TryAdvance(Handshake handshake, Deadline deadline)
    {
        try
        {
            return handshake.Advance() ? true : deadline.Passed ? null : false;
        }
        catch (LinkFailure failure)
        {
            _lastStranger = failure;
            return null;
        }
    }

    private void ThrowIfLate(int missing)
    {
        if (_deadline.Passed)
        {
            var what = missing > rank ? $"rank {missing} did not answer the handshake at {addresses[missing]} within {timeout}"
                : _lastStranger is null ? $"rank {missing} did not connect within {timeout}"
                : $"rank {missing} did not connect within {timeout}, though {_lastStranger.Message}";
            throw new LinkFailure(FailureCause.Silent, missing, what);
        }
    }

    private static Socket Prepare(Socket socket)
    {
        socket.Blocking = false;
        socket.NoDelay = true;
        return socket;
    }
}
