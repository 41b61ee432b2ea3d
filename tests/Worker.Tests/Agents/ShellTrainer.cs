using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Worker.Agents;

namespace Temper.Worker.Tests.Agents;

/// <summary>Shell scripts in the place of trainers: real processes that say what a test wants said.</summary>
internal static class ShellTrainer
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    /// <summary>Options of an agent whose trainers are this script; it reads its assignment from standard input.</summary>
    public static AgentOptions Options(string script, int slots = 1, TimeSpan? alone = null) => new()
    {
        Coordinators = [new Uri("http://127.0.0.1:1")],
        Token = "t",
        AgentId = "a",
        Slots = slots,
        SilenceLimit = TimeSpan.FromHours(1),
        DisconnectedTimeout = alone ?? TimeSpan.FromMinutes(10),
        TrainerCommand = ["/bin/sh", "-c", script, "trainer"],
    };

    /// <summary>An order for rank 0 of a run that writes to <paramref name="output"/>.</summary>
    public static TrainerOrder Order(string output, string run = "r", long epoch = 1, int slot = 0, IReadOnlyList<string>? offers = null, bool stop = false, long acknowledged = 0) => new(
        run,
        epoch,
        0,
        slot,
        ProtocolJson.Write(new TrainerAssignment(run, epoch, 0, 1, new RunSpec("demo", new Dictionary<string, TaskSpec>(), new TrainingSpec(100)), Precision.Fp32, [], output, null, "", [])),
        offers,
        stop,
        acknowledged);

    /// <summary>Waits for something that a process does.</summary>
    public static async Task Until(Func<bool> holds, string what)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (!holds())
        {
            Assert.False(limit.IsCancellationRequested, $"this did not come true within {s_limit}: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }
}
