using System.Buffers.Binary;
using System.Globalization;

namespace Temper.Worker.Collectives;

/// <summary>What a frame is: the opening of a call, a chunk of its bytes, or the news that the exchange is over.</summary>
internal enum FrameKind : byte
{
    Announce = 1,
    Data = 2,
    Abort = 3,
}

/// <summary>What the ranks do together. The value stands on the wire.</summary>
internal enum Operation : byte
{
    SumFloats = 1,
    SumDoubles = 2,
    GatherLengths = 3,
    GatherBytes = 4,
    RollCall = 5,
}

/// <summary>Why an exchange ended. The value stands on the wire.</summary>
internal enum FailureCause : byte
{
    Closed = 1,
    Silent = 2,
    OutOfStep = 3,
    Refused = 4,
}

/// <summary>One call as all ranks must make it. Ranks that disagree in any part of it are out of step.</summary>
/// <param name="Operation">What is done.</param>
/// <param name="Sequence">How many calls came before; wraps round.</param>
/// <param name="Bytes">Bytes of the vector, or of all ranks' bytes together.</param>
internal readonly record struct Call(Operation Operation, uint Sequence, long Bytes)
{
    public override string ToString() => Operation switch
    {
        Operation.SumFloats => Format($"all-reduce of {Bytes / sizeof(float)} floats (call {Sequence})"),
        Operation.SumDoubles => Format($"all-reduce of {Bytes / sizeof(double)} doubles (call {Sequence})"),
        Operation.GatherLengths => Format($"all-gather among {Bytes / sizeof(long)} ranks (call {Sequence})"),
        Operation.RollCall => Format($"roll call (call {Sequence})"),
        Operation.GatherBytes => Format($"all-gather of {Bytes} bytes (call {Sequence})"),
        _ => Format($"operation {(byte)Operation} of {Bytes} bytes (call {Sequence})"),
    };

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// The sixteen bytes before every message, little-endian: kind, operation, two bytes that are zero, sequence, length.
/// An abort puts its cause in the place of the operation, the blamed rank in that of the sequence, and the rank that noticed in that of the length.
/// </summary>
internal readonly record struct Frame(FrameKind Kind, byte Tag, uint Sequence, long Length)
{
    public const int Bytes = 16;

    public Call Call => new((Operation)Tag, Sequence, Length);

    public static Frame Announce(in Call call) =>
        new(FrameKind.Announce, (byte)call.Operation, call.Sequence, call.Bytes);

    public static Frame Data(in Call call, int bytes) =>
        new(FrameKind.Data, (byte)call.Operation, call.Sequence, bytes);

    public static Frame Abort(FailureCause cause, int blamed, int noticedBy) =>
        new(FrameKind.Abort, (byte)cause, unchecked((uint)blamed), noticedBy);

    public static Frame Read(ReadOnlySpan<byte> header) => new(
        (FrameKind)header[0],
        header[1],
        BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(header[8..]));

    public void Write(Span<byte> header)
    {
        header[0] = (byte)Kind;
        header[1] = Tag;
        header[2] = 0;
        header[3] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], Length);
    }
}
