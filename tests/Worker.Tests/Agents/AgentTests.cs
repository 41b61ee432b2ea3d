using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Worker.Agents;
using Temper.Worker.Observability;

namespace Temper.Worker.Tests.Agents;

/// <summary>An agent with real processes as trainers; the test is its coordinator and owns its clock.</summary>
public sealed class AgentTests : IAsyncLifetime
{
    private const string Trains = "read -r assignment\necho '{\"event\":\"ready\",\"offer\":\"x\"}'\nread -r offers\nread -r command\necho '{\"event\":\"stopped\",\"step\":7}'";
    private readonly string _output = Directory.CreateTempSubdirectory("temper-agent-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly List<TrainerOrder> _orders = [];
    private readonly List<string> _log = [];
    private Agent _agent = null!;
    private AgentHeartbeat _heard = null!;
    private bool _isAway;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        var ending = _agent.Run((_, ct) => Task.FromCanceled<AgentOrders>(ct), CancellationToken.None, new CancellationToken(canceled: true));
        await ShellTrainer.Until(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return ending.IsCompleted;
            },
            "the agent ends");
        Directory.Delete(_output, recursive: true);
    }

    [Fact]
    public async Task Three_trainers_whose_pipes_stay_open_do_not_hold_up_the_heartbeat()
    {
        // A process that the trainer started and that outlives it holds its standard output.
        Create("sleep 1000 & echo \"{\\\"event\\\":\\\"ready\\\",\\\"offer\\\":\\\"$!\\\"}\"; wait", slots: 3);
        _orders.AddRange([Order("a", slot: 0), Order("b", slot: 1), Order("c", slot: 2)]);
        await Until(() => _heard.Trainers.Count == 3 && _heard.Trainers.All(trainer => trainer.Events.Count == 1));
        var children = _heard.Trainers.Select(trainer => int.Parse(((TrainerEvent.Ready)TrainerEvent.Read(trainer.Events[0])!).Offer, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        try
        {
            _orders.Clear();
            await Beat();
            await Beat();
            Assert.Equal(["a Running", "b Running", "c Running"], States());

            // They count as gone after some seconds of patience with their last words.
            await Until(
                () =>
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                    return _heard.Trainers.Count == 0;
                });
        }
        finally
        {
            children.ForEach(child => Process.GetProcessById(child).Kill());
        }
    }

    [Fact]
    public async Task A_slot_is_given_back_when_the_process_is_gone_and_other_slots_are_served_meanwhile()
    {
        var isStuck = true;
        Create(Trains, slots: 2, kill: process =>
        {
            // As a process in uninterruptible sleep: the signal waits until it wakes.
            if (!isStuck)
            {
                process.Kill();
            }
        });
        _orders.Add(Order("old", slot: 0));
        await Until(() => States() is ["old Running"]);
        _orders.Clear();
        _orders.AddRange([Order("next", slot: 0), Order("other", slot: 1)]);
        await Beat();
        await Beat();
        Assert.Equal(["next Pending", "old Running", "other Running"], States());

        isStuck = false;
        await Until(() => States() is ["next Running", "other Running"]);
    }

    [Fact]
    public async Task A_trainer_that_was_cancelled_counts_as_running_until_its_process_is_gone()
    {
        var isStuck = true;
        Create(Trains, kill: process =>
        {
            if (!isStuck)
            {
                process.Kill();
            }
        });
        _orders.Add(Order("r"));
        await Until(() => States() is ["r Running"]);
        _orders.Clear();
        await Beat();
        await Beat();
        Assert.Equal(["r Running"], States());

        isStuck = false;
        await Until(() => States() is []);
    }

    [Fact]
    public async Task An_order_that_cannot_be_followed_is_answered_and_the_others_are_served()
    {
        Create(Trains, slots: 4);
        _orders.AddRange([Order("null") with { Assignment = "null" }, Order("text") with { Assignment = "x" }, Order("lacking") with { Assignment = "{}" }, Order("good", slot: 1), Order("good", slot: 1)]);
        await Until(() => States() is ["good Running", "lacking Ended", "null Ended", "text Ended"]);

        Assert.All(_heard.Trainers.Where(trainer => trainer.RunId != "good"), trainer => Assert.Equal(FailureCauses.TrainerError, Failure(trainer).Cause));
    }

    [Fact]
    public async Task A_trainer_that_is_ended_because_the_coordinator_is_away_is_no_fault_of_its_run()
    {
        Create(Trains, alone: TimeSpan.FromSeconds(1));
        _orders.Add(Order("r"));
        await Until(() => _heard.Trainers is [{ Events.Count: 1 }]);
        _isAway = true;
        _time.Advance(TimeSpan.FromSeconds(2));
        await Beat();

        _isAway = false;
        await Until(() => States() is ["r Ended"]);
        Assert.Equal(FailureCauses.AgentLost, Failure(_heard.Trainers[0]).Cause);
    }

    [Fact]
    public async Task A_line_for_people_that_cannot_be_written_ends_nothing()
    {
        Create(Trains, log: _ => throw new IOException("No space left on device"));
        _isAway = true;
        await Beat();
        _isAway = false;
        _orders.Add(Order("r"));
        await Until(() => States() is ["r Running"]);
    }

    [Fact]
    public async Task A_drained_agent_lets_its_trainers_save_and_ends_when_that_is_known()
    {
        Create(Trains, slots: 2);
        _orders.AddRange([Order("a", slot: 0, offers: ["x"]), Order("b", slot: 1, offers: ["x"])]);
        await Until(() => _heard.Trainers.Count == 2 && _heard.Trainers.All(trainer => trainer.Events.Count == 1));
        Assert.False(_heard.Draining);

        Assert.True(await Beat(drain: true));
        Assert.True(_heard.Draining);
        await Until(() => States() is ["a Ended", "b Ended"], drain: true);
        Assert.All(_heard.Trainers, trainer => Assert.Equal("""{"event":"stopped","step":7}""", trainer.Events[^1]));

        _orders[0] = _orders[0] with { Acknowledged = 2 };
        Assert.True(await Beat(drain: true));
        _orders.RemoveAt(1);
        Assert.False(await Beat(drain: true));
    }

    [Fact]
    public async Task A_draining_agent_starts_nothing_and_ends_what_has_not_begun_to_train()
    {
        Create(Trains, slots: 2);
        _orders.Add(Order("loading", slot: 0));
        await Until(() => _heard.Trainers.Count == 1 && _heard.Trainers[0].Events.Count == 1);
        _orders.Add(Order("late", slot: 1));
        await Until(() => States() is ["late Ended", "loading Ended"], drain: true);

        Assert.All(_heard.Trainers, trainer => Assert.Equal(FailureCauses.AgentDrained, Failure(trainer).Cause));
        _orders.Clear();
        Assert.False(await Beat(drain: true));
    }

    [Fact]
    public async Task A_draining_agent_waits_no_longer_than_its_grace()
    {
        Create("read -r a\nexec sleep 1000");
        _orders.Add(Order("r", offers: ["x"]));
        await Until(() => States() is ["r Running"]);
        Assert.True(await Beat(drain: true));
        _time.Advance(TimeSpan.FromSeconds(120));
        Assert.True(await Beat(drain: true));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await Beat(drain: true));
    }

    [Fact]
    public async Task An_agent_without_trainers_is_drained_at_once_whether_or_not_the_coordinator_answers()
    {
        Create(Trains);
        _isAway = true;
        Assert.False(await Beat(drain: true));
    }

    private static TrainerEvent.Failed Failure(TrainerReport trainer) => Assert.IsType<TrainerEvent.Failed>(TrainerEvent.Read(trainer.Events[^1]));

    private void Create(string script, int slots = 1, Action<Process>? kill = null, Action<string>? log = null, TimeSpan? alone = null) =>
        _agent = new Agent(ShellTrainer.Options(script, slots, alone), _time, log ?? _log.Add, new AgentMetrics()) { KillProcess = kill };

    private TrainerOrder Order(string run, int slot = 0, IReadOnlyList<string>? offers = null) => ShellTrainer.Order(Path.Combine(_output, run), run, slot: slot, offers: offers);

    private Task<bool> Beat(bool drain = false) => _agent.Beat(
        (heartbeat, _) =>
        {
            _heard = heartbeat;
            return _isAway ? Task.FromException<AgentOrders>(new TimeoutException("away")) : Task.FromResult(new AgentOrders([.. _orders]));
        },
        drain,
        CancellationToken.None);

    private Task Until(Func<bool> holds, bool drain = false) => ShellTrainer.Until(
        () =>
        {
            Beat(drain).Wait();
            return holds();
        },
        $"the agent says {string.Join(", ", _heard is null ? [] : States())}; {string.Join("; ", _log)}");

    private List<string> States() => [.. _heard.Trainers.Select(trainer => $"{trainer.RunId} {trainer.State}").Order(StringComparer.Ordinal)];
}
