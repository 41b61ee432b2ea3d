using System.Net.Sockets;
using System.Security.Cryptography;

namespace Temper.Worker.Collectives;

/// <summary>One end of a handshake in progress. Nothing here waits: <see cref="Advance"/> takes what has come and answers it.</summary>
/// <remarks>
/// <para>
/// The lower rank says hello (who it is, session, nonce); the higher one replies (verdict, nonce, proof); the lower one sends its proof;
/// the higher one its last verdict.
/// </para>
/// A proof is an HMAC over all that was said, with the secret of this epoch and a label for the side that speaks, so neither an old
/// conversation nor the other side's own proof can be played back. It keeps strangers and stale epochs out; it does not encrypt what follows.
/// </remarks>
internal abstract class Handshake(Socket socket) : IDisposable
{
    private readonly byte[] _inbox = new byte[Hello.Bytes];
    private int _filled;

    public Socket Socket { get; } = socket;

    /// <summary>Goes as far as what has come allows. True once both sides trust each other.</summary>
    /// <exception cref="LinkFailure">The other side is not who it should be, or is gone.</exception>
    public abstract bool Advance();

    public void Dispose() => Socket.Dispose();

    /// <summary>The next message, once all its bytes are there; never a byte of what follows it.</summary>
    protected bool TryReceive(int bytes, out ReadOnlySpan<byte> message)
    {
        var count = Socket.Receive(_inbox.AsSpan(_filled, bytes - _filled), SocketFlags.None, out var error);
        if (count == 0 && error is not (SocketError.WouldBlock or SocketError.Interrupted))
        {
            throw Failure("closed the connection during the handshake");
        }

        _filled += count;
        var isWhole = _filled == bytes;
        message = isWhole ? _inbox.AsSpan(0, bytes) : [];
        _filled = isWhole ? 0 : _filled;
        return isWhole;
    }

    /// <summary>Handshake messages are far smaller than an empty send buffer: what is not taken at once is not taken at all.</summary>
    protected void Send(ReadOnlySpan<byte> message)
    {
        if (Socket.Send(message, SocketFlags.None, out _) != message.Length)
        {
            throw Failure("closed the connection during the handshake");
        }
    }

    protected abstract LinkFailure Failure(string what);
}

/// <summary>The lower rank's side, towards the address that its neighbour published.</summary>
internal sealed class RightHandshake : Handshake
{
    private readonly RingTerms _terms;
    private readonly string _address;
    private readonly byte[] _hello;
    private bool _isProven;

    public RightHandshake(Socket socket, RingTerms terms, int rank, string address)
        : base(socket)
    {
        (_terms, _address, Peer) = (terms, address, rank + 1);
        _hello = Hello.Write(terms, rank, RandomNumberGenerator.GetBytes(Hello.NonceBytes));
    }

    private int Peer { get; }

    /// <summary>Opens the conversation.</summary>
    public void SayHello() => Send(_hello);

    public override bool Advance()
    {
        if (!_isProven && TryReceive(Reply.Bytes, out var reply))
        {
            if (reply[0] != (byte)Verdict.Welcome)
            {
                throw Failure($"refused the handshake: {Explain((Verdict)reply[0])}");
            }

            if (!_terms.Proves(Reply.Proof(reply), Side.Higher, _hello, Reply.Signed(reply)))
            {
                throw Failure("does not hold this epoch's secret");
            }

            Send(_terms.Prove(Side.Lower, _hello, Reply.Signed(reply)));
            _isProven = true;
        }

        if (!_isProven || !TryReceive(1, out var verdict))
        {
            return false;
        }

        return verdict[0] == (byte)Verdict.Welcome ? true : throw Failure($"refused the handshake: {Explain((Verdict)verdict[0])}");
    }

    protected override LinkFailure Failure(string what) =>
        new(FailureCause.Refused, Peer, $"rank {Peer} at {_address} {what}");

    private static string Explain(Verdict verdict) => verdict switch
    {
        Verdict.OtherVersion => "it speaks another version of the protocol; all ranks must run the same release",
        Verdict.OtherSession => "it is in another session (run or epoch)",
        Verdict.OtherWorld => "it counts another number of ranks",
        Verdict.OtherRank => "it is not the next rank; the list of addresses differs between ranks",
        Verdict.OtherSecret => "it holds another secret than this epoch's",
        _ => $"verdict {(byte)verdict}",
    };
}

/// <summary>The higher rank's side, towards whoever connected.</summary>
internal sealed class LeftHandshake(Socket socket, RingTerms terms, int rank) : Handshake(socket)
{
    private readonly byte[] _hello = new byte[Hello.Bytes];
    private readonly byte[] _reply = new byte[Reply.Bytes];
    private bool _hasReplied;

    public override bool Advance()
    {
        if (!_hasReplied && TryReceive(Hello.Bytes, out var hello))
        {
            hello.CopyTo(_hello);
            Answer(Hello.Check(hello, terms, rank) ?? throw Failure("is not a rank"));
        }

        if (!_hasReplied || !TryReceive(RingTerms.ProofBytes, out var proof))
        {
            return false;
        }

        var isTrusted = terms.Proves(proof, Side.Lower, _hello, Reply.Signed(_reply));
        Send([(byte)(isTrusted ? Verdict.Welcome : Verdict.OtherSecret)]);
        return isTrusted ? true : throw Failure("does not hold this epoch's secret");
    }

    protected override LinkFailure Failure(string what) => new(FailureCause.Refused, rank - 1, $"a stranger {what}");

    private void Answer(Verdict verdict)
    {
        _reply[0] = (byte)verdict;
        RandomNumberGenerator.Fill(Reply.Nonce(_reply));
        terms.Prove(Side.Higher, _hello, Reply.Signed(_reply)).CopyTo(Reply.Proof(_reply));
        Send(_reply);
        _hasReplied = verdict == Verdict.Welcome ? true : throw Failure($"was turned away: {verdict}");
    }
}
