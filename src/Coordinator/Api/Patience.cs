namespace Temper.Coordinator.Api;

/// <summary>
/// Calls to grains that REST can do without. When another coordinator of the cluster dies, its grains answer nobody until it counts as dead; what can be
/// read, and what is accepted, does not wait for that.
/// </summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>What <paramref name="call"/> answers; or <paramref name="otherwise"/>, if there is no answer soon.</summary>
    public static async Task<T> OrElseAsync<T>(this Task<T> call, Func<Task<T>> otherwise)
    {
        try
        {
            return await call.WaitAsync(Limit).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return await otherwise().ConfigureAwait(false);
        }
    }
}
