using Temper.Mixture.Examples;

namespace Temper.Mixture.Batching;

/// <summary>
/// The training rows of one task as ids, addressed by index and epoch: the same arguments always give the same row. Lengths are known
/// without the row, so that every rank can plan the global batch and materialise only its own part. Safe for concurrent use.
/// </summary>
public interface ITokenSource
{
    /// <summary>The task's name.</summary>
    string Name { get; }

    /// <summary>Number of rows in an epoch.</summary>
    int Count { get; }

    /// <summary>Lengths of a row in tokens.</summary>
    (int Inputs, int Targets) Lengths(int index, long epoch);

    /// <summary>The row.</summary>
    TokenRow Row(int index, long epoch);
}
