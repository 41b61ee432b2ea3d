namespace Temper.Worker.Collectives;

/// <summary>Waiting for ranks that do something long: a rank that saves a checkpoint or decodes is slow, not lost.</summary>
public static class CollectiveDeadlines
{
    /// <summary>Makes a call with another deadline than exchanges of gradients have.</summary>
    public static T WithDeadline<T>(this ICollective collective, TimeSpan deadline, Func<ICollective, T> call)
    {
        var usual = collective.CallDeadline;
        collective.CallDeadline = deadline;
        try
        {
            return call(collective);
        }
        finally
        {
            collective.CallDeadline = usual;
        }
    }

    /// <summary>Returns on each rank once all have called it.</summary>
    public static void Barrier(this ICollective collective, TimeSpan deadline) => collective.WithDeadline(deadline, ranks => ranks.AllGather([]));
}
