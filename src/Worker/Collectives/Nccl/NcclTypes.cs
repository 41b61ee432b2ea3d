using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Temper.Worker.Collectives.Nccl;

// What nccl.h says, as far as it is used here. Numbers and layouts are NCCL's.

/// <summary>How a call ended, or where a communicator stands.</summary>
internal enum NcclResult
{
    Success = 0,
    UnhandledCudaError = 1,
    SystemError = 2,
    InternalError = 3,
    InvalidArgument = 4,
    InvalidUsage = 5,

    /// <summary>Another rank is gone or has failed.</summary>
    RemoteError = 6,

    /// <summary>Not done yet; ask again.</summary>
    InProgress = 7,
}

/// <summary>Type of elements.</summary>
internal enum NcclType
{
    Float32 = 7,
}

/// <summary>Kind of reduction.</summary>
internal enum NcclReduction
{
    Sum = 0,
}

/// <summary>What rank 0 makes and all ranks join by; passed by value.</summary>
[InlineArray(Bytes)]
internal struct NcclUniqueId
{
    public const int Bytes = 128;
    private byte _first;

    /// <summary>As text, to be handed round.</summary>
    public readonly string Write() => Convert.ToBase64String(this);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It is no such id.</exception>
    public static NcclUniqueId Read(string text)
    {
        var id = new NcclUniqueId();
        var bytes = Convert.FromBase64String(text);
        if (bytes.Length != Bytes)
        {
            throw new FormatException($"An NCCL id has {Bytes} bytes, not {bytes.Length}.");
        }

        bytes.CopyTo(id);
        return id;
    }
}

/// <summary>
/// Settings of a communicator, in the layout of NCCL 2.18. Every later version reads it: the structure says how long and how old it is, and what
/// was added since has its default.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NcclConfig
{
    private const uint TheirMagic = 0xcafebeef;
    private const int Undefined = int.MinValue;

    public nuint Size;
    public uint Magic;
    public uint Version;
    public int Blocking;
    public int CgaClusterSize;
    public int MinCtas;
    public int MaxCtas;
    public nint NetName;
    public int SplitShare;

    /// <summary>Settings with which no call waits for other ranks; everything else is NCCL's to choose.</summary>
    public static NcclConfig NonBlocking() => new()
    {
        Size = (nuint)Unsafe.SizeOf<NcclConfig>(),
        Magic = TheirMagic,
        Version = NcclLibrary.OldestVersion,
        Blocking = 0,
        CgaClusterSize = Undefined,
        MinCtas = Undefined,
        MaxCtas = Undefined,
        NetName = 0,
        SplitShare = Undefined,
    };
}
