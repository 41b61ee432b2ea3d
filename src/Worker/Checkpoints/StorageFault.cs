using System.Net.Sockets;
using Temper.Contracts.Runs;

namespace Temper.Worker.Checkpoints;

/// <summary>Tells a storage that is full from one that cannot be read or written for another reason: both pass, unlike damage.</summary>
public static class StorageFault
{
    // errno of Linux, which .NET keeps as the HResult of an IOException that has no better name.
    private const int NoSpace = 28;
    private const int OverQuota = 122;

    /// <summary>The cause of a failure by its exception: <see cref="FailureCauses.StorageFull"/>, <see cref="FailureCauses.StorageUnreadable"/>, or null if it is no fault of the storage.</summary>
    public static string? CauseOf(Exception e) => e switch
    {
        AggregateException { InnerException: { } inner } => CauseOf(inner),
        CheckpointUnreadableException => FailureCauses.StorageUnreadable,
        _ when IsFull(e) => FailureCauses.StorageFull,
        // The other end of a connection, not a file.
        IOException { InnerException: SocketException } => null,
        IOException or UnauthorizedAccessException => FailureCauses.StorageUnreadable,
        _ => null,
    };

    /// <summary>Whether there is no space, or no quota, left.</summary>
    public static bool IsFull(Exception e) => e is IOException { HResult: NoSpace or OverQuota };
}
