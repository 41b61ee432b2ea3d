using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Temper.Worker.Collectives;

/// <summary>What all ranks of an epoch hold in common before they meet.</summary>
/// <param name="Session">Run and epoch.</param>
/// <param name="WorldSize">Number of ranks.</param>
/// <param name="Secret">This epoch's secret.</param>
internal sealed record RingTerms(string Session, int WorldSize, byte[] Secret)
{
    public const int ProofBytes = HMACSHA256.HashSizeInBytes;

    public byte[] SessionHash { get; } = SHA256.HashData(Encoding.UTF8.GetBytes(Session));

    public byte[] Prove(Side side, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> reply)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Secret);
        hmac.AppendData([(byte)side]);
        hmac.AppendData(hello);
        hmac.AppendData(reply);
        return hmac.GetHashAndReset();
    }

    public bool Proves(ReadOnlySpan<byte> proof, Side side, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> reply) =>
        CryptographicOperations.FixedTimeEquals(proof, Prove(side, hello, reply));
}

/// <summary>Who speaks in a handshake. Part of what is signed, so that a proof cannot be sent back to its author.</summary>
internal enum Side : byte
{
    Lower = 1,
    Higher = 2,
}

/// <summary>How the higher rank answers. The value stands on the wire.</summary>
internal enum Verdict : byte
{
    Welcome = 1,
    OtherVersion = 2,
    OtherSession = 3,
    OtherWorld = 4,
    OtherRank = 5,
    OtherSecret = 6,
}

/// <summary>The first message: magic, version, world size, rank of the speaker, hash of the session, nonce.</summary>
internal static class Hello
{
    public const int NonceBytes = 32;
    public const int Bytes = 20 + SHA256.HashSizeInBytes + NonceBytes;
    private const uint Version = 1;

    private static ReadOnlySpan<byte> Magic => "TemprRng"u8;

    public static byte[] Write(RingTerms terms, int rank, ReadOnlySpan<byte> nonce)
    {
        var hello = new byte[Bytes];
        Magic.CopyTo(hello);
        BinaryPrimitives.WriteUInt32LittleEndian(hello.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(hello.AsSpan(12), terms.WorldSize);
        BinaryPrimitives.WriteInt32LittleEndian(hello.AsSpan(16), rank);
        terms.SessionHash.CopyTo(hello, 20);
        nonce.CopyTo(hello.AsSpan(20 + SHA256.HashSizeInBytes));
        return hello;
    }

    /// <summary>The answer of the rank <paramref name="rank"/>; null for somebody who speaks another language, and gets none.</summary>
    public static Verdict? Check(ReadOnlySpan<byte> hello, RingTerms terms, int rank)
    {
        if (!hello.StartsWith(Magic))
        {
            return null;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(hello[8..]) != Version)
        {
            return Verdict.OtherVersion;
        }

        // The session before the rest: a stale epoch differs in several ways, and this one explains it.
        if (!hello.Slice(20, SHA256.HashSizeInBytes).SequenceEqual(terms.SessionHash))
        {
            return Verdict.OtherSession;
        }

        if (BinaryPrimitives.ReadInt32LittleEndian(hello[12..]) != terms.WorldSize)
        {
            return Verdict.OtherWorld;
        }

        return BinaryPrimitives.ReadInt32LittleEndian(hello[16..]) == rank - 1 ? Verdict.Welcome : Verdict.OtherRank;
    }
}

/// <summary>The second message: verdict, nonce, proof. Verdict and nonce are what is signed.</summary>
internal static class Reply
{
    public const int Bytes = SignedBytes + RingTerms.ProofBytes;
    private const int SignedBytes = 1 + Hello.NonceBytes;

    public static ReadOnlySpan<byte> Signed(ReadOnlySpan<byte> reply) => reply[..SignedBytes];

    public static ReadOnlySpan<byte> Proof(ReadOnlySpan<byte> reply) => reply[SignedBytes..];

    public static Span<byte> Proof(byte[] reply) => reply.AsSpan(SignedBytes);

    public static Span<byte> Nonce(byte[] reply) => reply.AsSpan(1, Hello.NonceBytes);
}
