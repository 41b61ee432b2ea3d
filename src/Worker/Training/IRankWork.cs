using Temper.Worker.Collectives;

namespace Temper.Worker.Training;

/// <summary>What one rank of a run does: it trains, or evaluates what is trained already. All on the calling thread.</summary>
public interface IRankWork : IDisposable
{
    /// <summary>Reads what it needs, before it meets the other ranks.</summary>
    void Load();

    /// <summary>Does the work, together with the other ranks; its last event says how it ended.</summary>
    /// <exception cref="CollectiveException">Another rank is gone or silent.</exception>
    /// <exception cref="SourcesDifferException">The ranks do not see the same files.</exception>
    void Run(ICollective collective);
}
