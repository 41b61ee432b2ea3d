using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Runs;

namespace Temper.Coordinator.Tests.Runs;

public class TrainerReportsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_was_acknowledged_is_skipped_and_the_rest_counted()
    {
        var sorted = Sort(new Seat(0, "a", 0, "s", Acknowledged: 5), first: 3, new TrainerEvent.Saved(1, "old"), new TrainerEvent.Saved(2, "old"), new TrainerEvent.Saved(3, "new"));

        Assert.Equal([new RunEvent.CheckpointSaved(1, 3, "new"), new RunEvent.RankListed(1, 0, 6)], sorted.Events.Take(2));
    }

    [Fact]
    public void What_a_former_coordinator_acknowledged_is_not_waited_for()
    {
        var sorted = Sort(new Seat(0, "a", 0, "s", Acknowledged: 2), first: 7, new TrainerEvent.Saved(3, "new"));

        Assert.Equal([new RunEvent.CheckpointSaved(1, 3, "new"), new RunEvent.RankListed(1, 0, 8)], sorted.Events.Take(2));
    }

    [Fact]
    public void A_cause_that_nobody_knows_is_an_error_of_the_trainer()
    {
        var sorted = Sort(new Seat(0, "a", 0, "s"), first: 0, new TrainerEvent.Failed("solar_flare", new string('x', 10_000), 1));

        var failed = Assert.IsType<RunEvent.RankFailed>(sorted.Events[0]);
        Assert.Equal((FailureCauses.TrainerError, 4001, (int?)1), (failed.Cause, failed.Message.Length, failed.Peer));
    }

    [Fact]
    public void Every_cause_is_in_the_list_of_causes() => Assert.Equal(
        typeof(FailureCauses).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal),
        FailureCauses.All.Order(StringComparer.Ordinal));

    private static SortedReport Sort(Seat seat, long first, params TrainerEvent[] events) => TrainerReports.Sort(
        new RunState { Phase = RunPhase.Running, Epoch = 1, Seats = [seat] },
        new AgentReport("a", "s", [new TrainerReport("r", 1, 0, TrainerProcessState.Running, first, [.. events.Select(ProtocolJson.Write)])]),
        Noon);
}
