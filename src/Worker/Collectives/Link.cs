using System.Net.Sockets;

namespace Temper.Worker.Collectives;

/// <summary>
/// One neighbour: a non-blocking connection with a stream of frames in each direction. Nothing here waits;
/// <see cref="Pull"/> and <see cref="Push"/> move what can be moved now.
/// </summary>
/// <remarks>
/// Bytes travel in chunks with a header each, not as one long message, so that a rank that gives up between two chunks can still
/// say whom it blames. The socket is never used asynchronously: that would have the runtime's polling thread woken by every packet.
/// </remarks>
internal sealed class Link(Socket socket, int peer) : IDisposable
{
    /// <summary>
    /// Bytes of a chunk; part of the protocol, and a multiple of every element's size. Still within an L2 cache when it is added up, and large
    /// enough that headers and waits do not show: half of it was slower on loopback, twice of it not clearly faster.
    /// </summary>
    public const int ChunkBytes = 256 * 1024;

    private readonly byte[] _headerIn = new byte[Frame.Bytes];
    private readonly byte[] _headerOut = new byte[Frame.Bytes];
    private Call _call;
    private int _headerBytesIn;
    private int _headerBytesOut = Frame.Bytes;
    private int _toReceive;
    private int _toSend;

    /// <summary>The neighbour's rank.</summary>
    public int Peer { get; } = peer;

    /// <summary>The connection, to wait on.</summary>
    public Socket Socket { get; } = socket;

    /// <summary>Whether the neighbour has entered the current call.</summary>
    public bool Announced { get; private set; }

    /// <summary>Bytes of the current call that came, without headers.</summary>
    public int Received { get; private set; }

    /// <summary>Bytes of the current call that went out, without headers.</summary>
    public int Sent { get; private set; }

    /// <summary>Bytes of the current chunk still to come.</summary>
    public int ChunkBytesToCome => _toReceive;

    /// <summary>Whether a frame has begun to arrive and has not ended.</summary>
    public bool IsMidReceive => _toReceive > 0 || _headerBytesIn is > 0 and < Frame.Bytes;

    /// <summary>Whether a frame has begun to leave and has not ended: no other frame may be sent now.</summary>
    public bool IsMidSend => _toSend > 0 || _headerBytesOut is > 0 and < Frame.Bytes;

    /// <summary>Whether everything of the current call has come.</summary>
    public bool HasReceived => Announced && Received == ExpectedBytes;

    /// <summary>Whether everything of the current call has gone out.</summary>
    public bool HasSent => _headerBytesOut == Frame.Bytes && _toSend == 0 && Sent == OutgoingBytes;

    private int ExpectedBytes { get; set; }

    private int OutgoingBytes { get; set; }

    /// <summary>Starts a call in which so many bytes come and go over this link.</summary>
    public void Begin(in Call call, int expectedBytes, int outgoingBytes)
    {
        _call = call;
        (ExpectedBytes, OutgoingBytes) = (expectedBytes, outgoingBytes);
        (Received, Sent, Announced) = (0, 0, false);
        Open(Frame.Announce(call), 0);
    }

    /// <summary>Receives what has come of the current chunk, or the header before it. Whether anything moved.</summary>
    /// <param name="room">Where the next bytes go; at least the rest of the current chunk, or of all that is to come.</param>
    public bool Pull(Span<byte> room)
    {
        var moved = false;
        if (_toReceive == 0)
        {
            var count = Receive(_headerIn.AsSpan(_headerBytesIn));
            _headerBytesIn += count;
            moved = count > 0;
            if (_headerBytesIn < Frame.Bytes)
            {
                return moved;
            }

            _headerBytesIn = 0;
            Accept(Frame.Read(_headerIn));
        }

        if (_toReceive > 0)
        {
            var count = Receive(room[.._toReceive]);
            Received += count;
            _toReceive -= count;
            moved |= count > 0;
        }

        return moved;
    }

    /// <summary>Sends what the connection takes of the announcement and of one chunk. Whether anything moved.</summary>
    /// <param name="bytes">All bytes of this call in this direction.</param>
    /// <param name="ready">How many of them may be sent already.</param>
    public bool Push(ReadOnlySpan<byte> bytes, int ready)
    {
        var moved = PushHeader();
        if (_headerBytesOut < Frame.Bytes)
        {
            return moved;
        }

        if (_toSend == 0 && NextChunk(ready) is > 0 and var chunk)
        {
            Open(Frame.Data(_call, chunk), chunk);
            PushHeader();
            moved = true;
        }

        if (_headerBytesOut == Frame.Bytes && _toSend > 0)
        {
            var count = Send(bytes.Slice(Sent, _toSend));
            Sent += count;
            _toSend -= count;
            moved |= count > 0;
        }

        return moved;
    }

    /// <summary>
    /// Between two calls: whether the neighbour has called the roll, given up, or gone. Looks at what has come and leaves it there: a neighbour that is
    /// merely ahead has announced another call.
    /// </summary>
    public bool IsInTrouble()
    {
        Span<byte> header = stackalloc byte[Frame.Bytes];
        var count = Socket.Receive(header, SocketFlags.Peek, out var error);
        if (count < Frame.Bytes)
        {
            return count == 0 && !IsTransient(error);
        }

        var frame = Frame.Read(header);
        return frame.Kind == FrameKind.Abort || (frame.Kind == FrameKind.Announce && frame.Call.Operation == Operation.RollCall);
    }

    /// <summary>Whether <see cref="Push"/> waits for the connection and not for bytes to become ready.</summary>
    public bool WantsToSend(int ready) => _headerBytesOut < Frame.Bytes || _toSend > 0 || NextChunk(ready) > 0;

    /// <summary>Tells the neighbour that the exchange is over, if a frame can begin now and the connection takes it at once.</summary>
    public void TryAbort(in Frame abort)
    {
        // The announcement first: a neighbour that is out of step can then name both calls, as this rank can.
        if (Sent == 0 && _toSend == 0 && _headerBytesOut < Frame.Bytes)
        {
            _headerBytesOut += Socket.Send(_headerOut.AsSpan(_headerBytesOut), SocketFlags.None, out _);
        }

        if (_headerBytesOut == Frame.Bytes && _toSend == 0)
        {
            abort.Write(_headerOut);
            Socket.Send(_headerOut, SocketFlags.None, out _);
        }
    }

    /// <summary>
    /// After a send has failed: what the neighbour had said before it closed. Its reason for closing may still lie unread,
    /// and tells more than the closed connection does.
    /// </summary>
    public LinkFailure? LastWords(Span<byte> scratch)
    {
        var mayBeInNextCall = HasReceived;
        try
        {
            while (Pull(scratch))
            {
            }
        }
        catch (LinkFailure failure) when (failure.NoticedBy >= 0 || (failure.Cause == FailureCause.OutOfStep && !mayBeInNextCall))
        {
            return failure;
        }
        catch (LinkFailure)
        {
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => Socket.Dispose();

    private int NextChunk(int ready)
    {
        var chunk = Math.Min(ChunkBytes, OutgoingBytes - Sent);
        return Sent + chunk <= ready ? chunk : 0;
    }

    private void Open(in Frame frame, int bytes)
    {
        frame.Write(_headerOut);
        _headerBytesOut = 0;
        _toSend = bytes;
    }

    private bool PushHeader()
    {
        if (_headerBytesOut == Frame.Bytes)
        {
            return false;
        }

        var count = Send(_headerOut.AsSpan(_headerBytesOut));
        _headerBytesOut += count;
        return count > 0;
    }

    private void Accept(in Frame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Announce when !Announced && frame.Call == _call:
                Announced = true;
                break;
            case FrameKind.Announce:
                throw new LinkFailure(FailureCause.OutOfStep, Peer, $"rank {Peer} is out of step: it entered {frame.Call}");
            case FrameKind.Data when Announced && IsNextChunk(frame):
                _toReceive = (int)frame.Length;
                break;
            case FrameKind.Abort:
                throw Reported(frame);
            default:
                throw new LinkFailure(
                    FailureCause.OutOfStep, Peer, $"rank {Peer} is out of step: it sent a {frame.Kind} frame, as for {frame.Call}");
        }
    }

    private bool IsNextChunk(in Frame frame) =>
        frame.Tag == (byte)_call.Operation && frame.Sequence == _call.Sequence
        && Received < ExpectedBytes && frame.Length == Math.Min(ChunkBytes, ExpectedBytes - Received);

    private static LinkFailure Reported(in Frame abort)
    {
        var cause = (FailureCause)abort.Tag;
        var blamed = unchecked((int)abort.Sequence);
        var what = cause switch
        {
            FailureCause.Closed => $"rank {blamed} closed its connection",
            FailureCause.OutOfStep => $"rank {blamed} is out of step",
            FailureCause.Silent when blamed < 0 => "the deadline passed there while its neighbours waited too",
            FailureCause.Silent => $"rank {blamed} was silent past the deadline",
            _ => $"the exchange ended (rank {blamed}, cause {abort.Tag})",
        };
        return new LinkFailure(cause, blamed, $"rank {abort.Length} reports: {what}") { NoticedBy = (int)abort.Length };
    }

    private int Receive(Span<byte> room)
    {
        var count = Socket.Receive(room, SocketFlags.None, out var error);
        return count > 0 || IsTransient(error) ? count : throw Closed(error);
    }

    private int Send(ReadOnlySpan<byte> bytes)
    {
        var count = Socket.Send(bytes, SocketFlags.None, out var error);
        return error is SocketError.Success || IsTransient(error) ? count : throw Closed(error);
    }

    private LinkFailure Closed(SocketError error) => new(
        FailureCause.Closed,
        Peer,
        error is SocketError.Success ? $"rank {Peer} closed the connection" : $"rank {Peer} closed the connection ({error})");

    private static bool IsTransient(SocketError error) => error is SocketError.WouldBlock or SocketError.Interrupted;
}
