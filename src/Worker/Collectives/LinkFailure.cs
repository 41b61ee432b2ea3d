namespace Temper.Worker.Collectives;

/// <summary>A link or a handshake failed; <see cref="RingCollective"/> turns it into a <see cref="CollectiveException"/>.</summary>
/// <param name="cause">Why.</param>
/// <param name="blamed">The rank that is blamed, or −1 if unknown.</param>
/// <param name="what">A clause that names the rank: "rank 1 closed the connection".</param>
internal sealed class LinkFailure(FailureCause cause, int blamed, string what) : Exception(what)
{
    public FailureCause Cause { get; } = cause;

    public int Blamed { get; } = blamed;

    /// <summary>The rank that noticed first, where the failure was reported by another rank; otherwise −1.</summary>
    public int NoticedBy { get; init; } = -1;
}
