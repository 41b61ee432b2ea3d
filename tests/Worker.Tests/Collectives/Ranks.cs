using Temper.Worker.Collectives;

namespace Temper.Worker.Tests.Collectives;

/// <summary>The ranks of an exchange as threads of this process.</summary>
internal sealed class Ranks(IReadOnlyList<ICollective> all) : IDisposable
{
    public IReadOnlyList<ICollective> All => all;

    /// <summary>Runs on every rank at once; the results in the order of ranks. Rethrows the first failure.</summary>
    public T[] OnAll<T>(Func<ICollective, T> act) => LoopbackRing.InParallel(all.Count, rank => act(all[rank]));

    /// <summary>Runs on every rank at once; what each of them threw, or null.</summary>
    public CollectiveException?[] FailuresOf(Action<ICollective> act) => OnAll(rank =>
    {
        try
        {
            act(rank);
            return null;
        }
        catch (CollectiveException exception)
        {
            return exception;
        }
    });

    public void Dispose()
    {
        foreach (var rank in all)
        {
            rank.Dispose();
        }
    }
}
