using Temper.Contracts.Agents;

namespace Temper.Coordinator.Tests.Support;

/// <summary>A run with a rank on each of two agents.</summary>
internal static class Gang
{
    /// <summary>Submits a run and takes it to where its ranks have met and train.</summary>
    public static async Task<(string Run, FakeAgent A, FakeAgent B)> RunningAsync(CoordinatorUnderTest coordinator, int attempts = 3)
    {
        var (a, b) = (coordinator.Agent("a"), coordinator.Agent("b"));
        await a.BeatAsync();
        await b.BeatAsync();
        var run = await coordinator.SubmitAsync(workers: 2, attempts: attempts);
        await a.BeatAsync();
        await b.BeatAsync();
        await MeetAsync(a, b);
        a.Trainer(0).Says(new TrainerEvent.Started(0, 1000, 1, "hash"));
        await a.BeatAsync();
        return (run.Id, a, b);
    }

    /// <summary>Both ranks publish their offers, and hear each other's.</summary>
    public static async Task MeetAsync(FakeAgent a, FakeAgent b)
    {
        a.Trainer(0).Says(new TrainerEvent.Ready("x"));
        b.Trainer(1).Says(new TrainerEvent.Ready("y"));
        await a.BeatAsync();
        await b.BeatAsync();
        await a.BeatAsync();
        Assert.Equal(["x", "y"], a.Trainer(0).Order.Offers!);
    }
}
